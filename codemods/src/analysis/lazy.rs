//! What is known of a future that nobody has polled.

use ra_ap_hir::{HasCrate, Type};
use ra_ap_syntax::ast;

use super::{contract::is_changed_by_attribute, driven::makes_future};
use crate::context::FileContext;

/// What dropping a future means that nobody has polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpolled {
    /// Nothing of it has run.
    Nothing,
    /// What made it may have done its part already.
    MaybeBegun,
}

/// What it means to drop the value of an expression, if that is a future which does nothing by
/// itself. Handles of tasks, ends of channels and timers are futures too, and say of themselves what
/// dropping them does.
pub fn unpolled<'a>(ctx: &FileContext<'a>, expr: &ast::Expr) -> Option<Unpolled> {
    let ty = ctx.type_of(expr).filter(|ty| !ty.contains_unknown())?;
    if !ctx.implements(&ty, "core::future::Future") {
        return None;
    }
    if is_changed(ctx, expr) {
        return None;
    }
    if makes_future(ctx, expr) {
        return Some(Unpolled::Nothing);
    }
    let opaque = ty.as_adt().is_none() && !ty.is_reference();
    (opaque || is_boxed(ctx, &ty)).then_some(Unpolled::MaybeBegun)
}

/// Whether an attribute may make the function that is called one that is not async: an entry point.
fn is_changed(ctx: &FileContext<'_>, call: &ast::Expr) -> bool {
    let callee = ctx.callee(call).or_else(|| ctx.callee_of_path(call));
    callee.is_some_and(|callee| {
        let source = ctx.sema.source(callee);
        source.is_some_and(|source| is_changed_by_attribute(&source.value))
    })
}

/// `Pin<Box<dyn Future>>`
fn is_boxed<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let pointee = ty.type_arguments().next();
    ctx.is_adt(ty, "core::pin::Pin")
        && pointee.is_some_and(|it| {
            it.as_adt()
                .is_some_and(|adt| adt.krate(ctx.db).origin(ctx.db).is_lang())
        })
}
