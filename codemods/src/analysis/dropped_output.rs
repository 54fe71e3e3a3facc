//! Whether the output of async code, or the value of a closure, ends where somebody drops what he got.
//!
//! The output of a block goes through a spawn and its handle, an `.await`, a `?`, and the adapters of
//! iterators. Types say how long it is a part of the value: what polls it makes another of it.

use ra_ap_hir::{AsAssocItem, HasCrate, ModuleDef, PathResolution, Type};
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasName},
};

use super::{
    discard::{Fate, fate_of},
    surroundings::{is_hidden_use, uses_of},
};
use crate::{
    context::FileContext,
    knowledge::{Definition, Role},
    syntax::names_types,
};

/// Functions that only hand on the value, or the output, which they are given.
const HAND_ON: &[&str] = &[
    "alloc::boxed::Box::new",
    "alloc::boxed::Box::pin",
    "futures::future::join_all",
    "futures::future::try_join_all",
    "futures_util::future::join_all",
    "futures_util::future::try_join_all",
];

/// How often a value may change hands before nobody follows it any more.
const STEPS: usize = 24;

/// The expression that is dropped with a value of type `output` in it, which is what the code of
/// `made` (an async block, or a closure) gives at its end. `None` if it may be looked at, or if
/// something on the way says of which type it is.
pub fn dropped_with<'a>(
    ctx: &FileContext<'a>,
    made: &ast::Expr,
    output: &Type<'a>,
) -> Option<ast::Expr> {
    let mut at = made.clone();
    for _ in 0..STEPS {
        if let Fate::Dropped { .. } = fate_of(ctx, &at) {
            let ty = ctx.type_of(&at)?;
            return contains(ctx, &ty, output).then_some(at);
        }
        at = handed_to(ctx, &at)?;
    }
    None
}

/// The expression that has the value next.
fn handed_to(ctx: &FileContext<'_>, at: &ast::Expr) -> Option<ast::Expr> {
    let parent = at.syntax().parent()?;
    if let Some(list) = ast::ArgList::cast(parent.clone()) {
        let call = ast::Expr::cast(list.syntax().parent()?)?;
        let closure = matches!(at, ast::Expr::ClosureExpr(_));
        return hands_on(ctx, &call, closure).then_some(call);
    }
    if let Some(list) = ast::StmtList::cast(parent.clone()) {
        let block = ast::BlockExpr::cast(list.syntax().parent()?)?;
        let is_value = list.tail_expr().as_ref() == Some(at) && block.modifier().is_none();
        return is_value.then(|| block.into());
    }
    if let Some(statement) = ast::LetStmt::cast(parent.clone()) {
        return awaited_later(ctx, &statement);
    }
    match ast::Expr::cast(parent)? {
        outer @ (ast::Expr::ParenExpr(_) | ast::Expr::AwaitExpr(_) | ast::Expr::TryExpr(_)) => {
            Some(outer)
        }
        ast::Expr::MethodCallExpr(call) => {
            let call = call.into();
            hands_on(ctx, &call, true).then_some(call)
        }
        ast::Expr::ClosureExpr(closure) => {
            let free = closure.ret_type().is_none() && closure.async_token().is_none();
            free.then(|| closure.into())
        }
        _ => None,
    }
}

/// The only use of the name that a `let` binds, if it is an `.await`.
fn awaited_later(ctx: &FileContext<'_>, statement: &ast::LetStmt) -> Option<ast::Expr> {
    let Some(ast::Pat::IdentPat(name)) = statement.pat() else {
        return None;
    };
    let free = statement.ty().is_none() && statement.let_else().is_none();
    if !free || is_hidden_use(name.syntax(), name.name()?.text()) {
        return None;
    }
    let local = ctx.sema.to_def(&name)?;
    match uses_of(ctx, local, name.syntax()).as_slice() {
        [only] => {
            let awaited = only.syntax().parent().and_then(ast::AwaitExpr::cast)?;
            Some(awaited.into())
        }
        _ => None,
    }
}

/// Whether a call gives what it got, in whatever wrapper, and never polls what that gives. The functions
/// of std do so with what a closure gives, and with their receiver; another argument they may keep.
fn hands_on(ctx: &FileContext<'_>, call: &ast::Expr, of_closure: bool) -> bool {
    if names_types(call.syntax()) {
        return false;
    }
    let Some(function) = ctx.callee(call) else {
        return is_variant(ctx, call.syntax());
    };
    let spawns = ctx
        .call(call)
        .is_some_and(|call| matches!(call.api.role, Role::Spawn { .. }));
    let future = ctx.trait_at("core::future::Future");
    let item = function.as_assoc_item(ctx.db);
    let polls = item.is_some_and(|it| it.container_or_implemented_trait(ctx.db) == future);
    let is_std = function.krate(ctx.db).origin(ctx.db).is_lang();
    spawns
        || of_closure && is_std && !polls
        || HAND_ON.iter().any(|path| {
            let definitions = ctx.known.definitions(ctx.db, path);
            definitions.contains(&Definition::Function(function))
        })
}

/// `Ok(..)`, `Some(..)` and their like.
fn is_variant(ctx: &FileContext<'_>, call: &SyntaxNode) -> bool {
    let path = call.children().find_map(ast::PathExpr::cast);
    let resolved = path
        .and_then(|path| path.path())
        .and_then(|path| ctx.sema.resolve_path(&path));
    matches!(
        resolved,
        Some(PathResolution::Def(ModuleDef::EnumVariant(_)))
    )
}

/// Whether a value of this type has one of the other in it, for all that its name says.
fn contains<'a>(ctx: &FileContext<'a>, ty: &Type<'a>, part: &Type<'a>) -> bool {
    // Lifetimes may differ.
    let same = !ty.contains_unknown() && ty.could_unify_with(ctx.db, part);
    let mut arguments = ty.type_arguments().filter(|_| ty.as_adt().is_some());
    same || arguments.any(|argument| contains(ctx, &argument, part))
}
