//! What refutes that a type is `Send`. Nothing proves it of a future but a compiler.

use ra_ap_hir::{Adt, Field, Function, Trait, Type};
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{AstNode, ast};

use crate::context::FileContext;

/// How many functions are looked into for what a future is made of.
const FUNCTIONS: usize = 64;

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

/// Whether a future is known not to be `Send` by what it is made of. rust-analyzer looks into async
/// functions for that, and into those that they call.
pub fn future_is_not_send<'a>(ctx: &FileContext<'a>, future: &ast::Expr, ty: &Type<'a>) -> bool {
    is_not_send(ctx, ty) && !comes_to_unread_object(ctx, future)
}

/// Whether an expression, or an async function of the workspace that it comes to call, has such an
/// object in hand.
fn comes_to_unread_object(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let Some(send) = ctx.trait_at("core::marker::Send") else {
        return false;
    };
    let mut open = vec![expr.syntax().clone()];
    let mut seen: FxHashSet<Function> = FxHashSet::default();
    while let Some(body) = open.pop() {
        for node in body.descendants() {
            let bound = ast::IdentPat::cast(node.clone())
                .and_then(|pattern| ctx.sema.type_of_pat(&pattern.into()))
                .is_some_and(|ty| has_unread_object(ctx, &ty.original, send));
            if bound {
                return true;
            }
            let called = ast::Expr::cast(node).and_then(|call| ctx.callee(&call));
            let Some(called) = called.filter(|it| it.is_async(ctx.db)) else {
                continue;
            };
            if !seen.insert(called) {
                continue;
            }
            let parameters = called.assoc_fn_params(ctx.db);
            let mut parameters = parameters.iter();
            if parameters.any(|it| has_unread_object(ctx, it.ty(), send)) {
                return true;
            }
            if ctx.is_local(called) && seen.len() < FUNCTIONS {
                open.extend(ctx.sema.source(called).map(|it| it.value.syntax().clone()));
            }
        }
    }
    false
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
