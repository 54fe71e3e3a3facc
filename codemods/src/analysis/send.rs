//! What refutes that a type is `Send`. Nothing proves it of a future but a compiler.

use ra_ap_hir::{Adt, Field, Trait, Type};
use ra_ap_ide_db::FxHashSet;

use crate::context::FileContext;

/// Whether a type is known not to be `Send`.
pub fn is_not_send<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let Some(send) = ctx.trait_at("core::marker::Send") else {
        return false;
    };
    !ty.contains_unknown()
        && !ty.is_never()
        && !ty.impls_trait(ctx.db, send, &[])
        && !has_unread_object(ctx, ty, send)
}

/// Whether there is a trait object in a type, at any depth, of a trait that `#[async_trait]` or its
/// like makes fit for one. Attributes are not expanded, so that rust-analyzer knows nothing of the
/// object, not even that it is `Send` where its trait asks for it.
fn has_unread_object<'a>(ctx: &FileContext<'a>, ty: &Type<'a>, send: Trait) -> bool {
    let mut open = vec![ty.clone()];
    let mut seen: FxHashSet<Adt> = FxHashSet::default();
    let mut found = false;
    while let Some(ty) = open.pop().filter(|_| !found) {
        ty.walk(ctx.db, |part| {
            found |= part.as_dyn_trait().is_some_and(|object| {
                object.dyn_compatibility(ctx.db).is_some() && asks_for(ctx, object, &part, send)
            });
            if let Some(adt) = part.as_adt().filter(|adt| seen.insert(*adt)) {
                open.extend(fields(ctx, adt).into_iter().map(|field| field.ty(ctx.db)));
            }
        });
    }
    found
}

/// Whether an object says that it is `Send`, or its trait does.
fn asks_for<'a>(ctx: &FileContext<'a>, object: Trait, ty: &Type<'a>, send: Trait) -> bool {
    let by_trait = object.all_supertraits(ctx.db).contains(&send);
    let written = ctx.display(ty);
    let mut bounds = written.trim_matches('`').split(" + ");
    by_trait || bounds.any(|bound| bound == "Send")
}

fn fields(ctx: &FileContext<'_>, adt: Adt) -> Vec<Field> {
    match adt {
        Adt::Struct(it) => it.fields(ctx.db),
        Adt::Union(it) => it.fields(ctx.db),
        Adt::Enum(it) => {
            let variants = it.variants(ctx.db).into_iter();
            variants.flat_map(|it| it.fields(ctx.db)).collect()
        }
    }
}
