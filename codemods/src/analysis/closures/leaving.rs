//! How errors leave a closure that is written out: by the same way as before, or not at all.

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, ast};

use super::collection::Wrapper;
use crate::{
    analysis::control::leaves_early,
    context::{Enclosing, FileContext},
};

/// How the value of a chain leaves the loop early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outer {
    /// A `?` stands behind it, and goes away.
    Try,
    /// The function ends with it.
    Tail,
    /// It is a value like any other.
    Value,
}

/// How an error in the value of a call leaves.
pub(super) fn outer_of(ctx: &FileContext<'_>, call: &ast::Expr) -> Outer {
    let Some(parent) = call.syntax().parent() else {
        return Outer::Value;
    };
    if ast::TryExpr::can_cast(parent.kind()) {
        return Outer::Try;
    }
    let function = match ctx.enclosing(call.syntax()) {
        Some(Enclosing::AsyncFn(it) | Enclosing::SyncFn(it)) => it,
        _ => return Outer::Value,
    };
    let is_tail = ast::StmtList::can_cast(parent.kind())
        && parent.parent() == function.body().map(|body| body.syntax().clone());
    match is_tail || ast::ReturnExpr::can_cast(parent.kind()) {
        true => Outer::Tail,
        false => Outer::Value,
    }
}

/// Whether a `?` in the body of a closure may leave the function in its place. What leaves is then
/// the same error that left through the value of the call.
pub(super) fn may_leave(
    ctx: &FileContext<'_>,
    body: &ast::Expr,
    call: &ast::Expr,
    outer: Outer,
) -> Result<(), String> {
    if !leaves_early(ctx, body.syntax()) {
        return Ok(());
    }
    let function = match ctx.enclosing(call.syntax()) {
        Some(Enclosing::AsyncFn(it) | Enclosing::SyncFn(it)) => ctx.sema.to_fn_def(&it),
        _ => None,
    };
    let own = function.map(|it| {
        it.async_ret_type(ctx.db)
            .unwrap_or_else(|| it.ret_type(ctx.db))
    });
    let own = own.and_then(|ty| error_in(ctx, &ty));
    let of_body = ctx.type_of(body).and_then(|ty| error_in(ctx, &ty));
    match own.zip(of_body) {
        Some((own, of_body)) if outer != Outer::Value && same(ctx, &own, &of_body) => Ok(()),
        _ => Err("a `?` that ends the closure would end the function".to_owned()),
    }
}

/// The error of a `Result`; an `Option` has that none.
fn error_in<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<Option<Type<'a>>> {
    match Wrapper::of(ctx, ty)? {
        (Wrapper::Option, _) => Some(None),
        (Wrapper::Result, _) => Some(Some(ty.type_arguments().nth(1)?)),
    }
}

fn same<'a>(ctx: &FileContext<'a>, one: &Option<Type<'a>>, other: &Option<Type<'a>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            !one.contains_unknown()
                && one.as_adt() == other.as_adt()
                && ctx.display(one) == ctx.display(other)
        }
        _ => false,
    }
}
