//! What calls claim for themselves, so that their futures can't be there at the same time.

use ra_ap_hir::{Access, Local, PathResolution};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self, HasArgList},
};

use super::shapes::{Step, uses};
use crate::{
    analysis::{
        alive::is_place_expr,
        borrowing::may_borrow,
        control::is_own_body,
        moves::takes_receiver,
        temporaries::{Ends, in_expr},
    },
    context::FileContext,
};

/// What a call borrows exclusively, or writes, as it is written.
pub fn exclusive(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<String> {
    let mut nodes = call.syntax().descendants();
    nodes.find_map(|node| {
        if let Some(mac) = ast::MacroCall::cast(node.clone()) {
            let mut tokens = mac.syntax().descendants_with_tokens();
            let borrows = tokens.any(|it| it.kind() == SyntaxKind::MUT_KW);
            return borrows.then(|| mac.syntax().text().to_string());
        }
        let expr = ast::Expr::cast(node)?;
        let claimed = match &expr {
            // What the call makes for itself, nobody else has.
            ast::Expr::RefExpr(it) => it.mut_token().and(it.expr()).filter(is_place_expr),
            ast::Expr::BinExpr(it) => {
                let writes = matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. }));
                it.lhs().filter(|_| writes)
            }
            ast::Expr::MethodCallExpr(it) => it.receiver().filter(|receiver| {
                let own = ctx.callee(&expr).and_then(|it| it.self_param(ctx.db));
                let mutable = own.is_some_and(|it| it.access(ctx.db) == Access::Exclusive);
                mutable && is_place_expr(receiver)
            }),
            ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) => {
                let mut holds = false;
                if let Some(ty) = ctx.type_of(&expr) {
                    ty.walk(ctx.db, |part| holds |= part.is_mutable_reference());
                }
                (holds && !is_only_read(ctx, &expr)).then(|| expr.clone())
            }
            _ => None,
        };
        claimed.map(|it| it.syntax().text().to_string())
    })
}

/// Whether what holds an exclusive borrow is only looked into where it stands.
fn is_only_read(ctx: &FileContext<'_>, place: &ast::Expr) -> bool {
    let outer = place.syntax().parent().and_then(ast::Expr::cast);
    match outer {
        Some(ast::Expr::MethodCallExpr(call)) => {
            let own = ctx
                .callee(&call.into())
                .and_then(|it| it.self_param(ctx.db));
            own.is_some_and(|own| own.access(ctx.db) == Access::Shared)
        }
        Some(ast::Expr::RefExpr(it)) => it.mut_token().is_none(),
        // The larger place is looked at by itself.
        Some(outer) => is_place_expr(&outer),
        None => false,
    }
}

/// A local that one of the calls may still borrow where a later one takes it away.
pub fn moved_while_lent(ctx: &FileContext<'_>, steps: &[Step]) -> Option<String> {
    let later = steps.iter().enumerate().flat_map(|(at, step)| {
        let moved = moved_in(ctx, step.call.syntax());
        moved.into_iter().map(move |local| (at, local))
    });
    later
        .map(|(at, local)| (at, local.name(ctx.db).as_str().to_owned()))
        .find(|(at, name)| steps[..*at].iter().any(|step| lends(ctx, &step.call, name)))
        .map(|(_, name)| name)
}

/// The locals that a call takes, or a part of them.
fn moved_in<'a>(ctx: &FileContext<'a>, call: &SyntaxNode) -> Vec<Local<'a>> {
    let paths = call.descendants().filter_map(ast::PathExpr::cast);
    paths
        .filter_map(|path| match ctx.sema.resolve_path(&path.path()?)? {
            PathResolution::Local(local) if is_taken(ctx, path.into()) => Some(local),
            _ => None,
        })
        .collect()
}

/// Whether a place is more than borrowed or copied.
fn is_taken(ctx: &FileContext<'_>, mut place: ast::Expr) -> bool {
    loop {
        if ctx.type_of(&place).is_some_and(|ty| ty.is_copy(ctx.db)) {
            return false;
        }
        let outer = place.syntax().parent().and_then(ast::Expr::cast);
        match outer {
            Some(ast::Expr::RefExpr(_)) => return false,
            Some(ast::Expr::MethodCallExpr(call)) => return takes_receiver(ctx, &call, &place),
            Some(outer) if is_place_expr(&outer) => place = outer,
            _ => return true,
        }
    }
}

/// Whether the future of a call may borrow a local.
fn lends(ctx: &FileContext<'_>, call: &ast::Expr, local: &str) -> bool {
    let (receiver, arguments) = match call {
        ast::Expr::MethodCallExpr(it) => (it.receiver(), it.arg_list()),
        ast::Expr::CallExpr(it) => (None, it.arg_list()),
        _ => return true,
    };
    let arguments = arguments.into_iter().flat_map(|it| it.args());
    let mut handed = receiver.into_iter().chain(arguments);
    handed.any(|value| {
        let types = ctx.sema.type_of_expr(&value);
        let borrows =
            types.is_none_or(|it| may_borrow(ctx, it.adjusted.as_ref().unwrap_or(&it.original)));
        uses(&value, local) && (borrows || needs_block(ctx, call))
    })
}

/// Whether a call has to stand in an async block: it is no future by itself, or it borrows a value
/// that is gone with the expression it stands in.
pub fn needs_block(ctx: &FileContext<'_>, call: &ast::Expr) -> bool {
    let future = ctx.type_of(call);
    let is_future = future.is_some_and(|ty| ctx.implements(&ty, "core::future::Future"));
    !is_future || !in_expr(ctx, call, Ends::of(ctx)).is_empty() || borrows_value(call.syntax())
}

/// Whether `&` stands before what makes a value, constants apart.
fn borrows_value(code: &SyntaxNode) -> bool {
    let borrowed = ast::RefExpr::cast(code.clone()).and_then(|it| it.expr());
    borrowed.is_some_and(|it| !is_place_expr(&it) && !is_constant(&it))
        || code
            .children()
            .any(|child| !is_own_body(&child) && borrows_value(&child))
}

fn is_constant(value: &ast::Expr) -> bool {
    match value {
        ast::Expr::Literal(_) => true,
        ast::Expr::ArrayExpr(it) => it.exprs().all(|it| is_constant(&it)),
        ast::Expr::TupleExpr(it) => it.fields().all(|it| is_constant(&it)),
        _ => false,
    }
}
