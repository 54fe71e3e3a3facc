//! Whether a function that the user named sees to the error of a spawned task.

use ra_ap_syntax::{AstNode, ast};

use super::control::leaves_early;
use crate::context::{Call, FileContext};

/// Whether it is the function that spawns, or the one that makes the spawned future, with adapters
/// around it; or one that has the last word in a block, which nothing leaves before.
pub fn is_observed(ctx: &FileContext<'_>, call: &Call<'_>, future: &ast::Expr) -> bool {
    is_call_of_one(ctx, &call.expr) || makes_one(ctx, future)
}

fn makes_one(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    if is_call_of_one(ctx, expr) {
        return true;
    }
    let inner = match expr {
        ast::Expr::MethodCallExpr(adapter) => adapter.receiver(),
        ast::Expr::AwaitExpr(awaited) => awaited.expr(),
        ast::Expr::ParenExpr(paren) => paren.expr(),
        ast::Expr::BlockExpr(block) => {
            let list = block.stmt_list();
            let tail = list.and_then(|list| list.tail_expr());
            tail.filter(|_| !leaves_early(ctx, block.syntax()))
        }
        _ => None,
    };
    inner.is_some_and(|inner| makes_one(ctx, &inner))
}

fn is_call_of_one(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let callee = ctx.callee(expr);
    callee.is_some_and(|callee| ctx.known.is_observed(callee))
}
