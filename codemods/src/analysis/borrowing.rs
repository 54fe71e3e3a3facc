//! Whether a value may borrow from another one.

use ra_ap_hir::Type;

use crate::context::FileContext;

/// Whether a value of this type may have borrowed something. `false` is certain.
pub fn may_borrow<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let mut may = ty.contains_unknown();
    ty.walk(ctx.db, |part| {
        may |= part.is_reference()
            || part.is_closure()
            || part.as_dyn_trait().is_some()
            || part.as_impl_traits(ctx.db).is_some()
            || part
                .as_adt()
                .is_some_and(|adt| adt.lifetime(ctx.db).is_some())
            || is_future(ctx, &part);
    });
    may
}

/// Async blocks have a type of their own, and borrow what they capture.
fn is_future<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    ty.as_adt().is_none() && ty.clone().into_future_output(ctx.db).is_some()
}
