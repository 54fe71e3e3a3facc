//! What the shape of a spawned future tells.

use ra_ap_syntax::{AstNode, ast};

use super::control::{leaves_early, returns};
use crate::context::FileContext;

/// How the message speaks of the task: by the function that it runs, or the one that starts it.
pub fn task_name(ctx: &FileContext<'_>, future: &ast::Expr) -> String {
    if let Some(name) = function_name(future) {
        return format!("background task `{name}`");
    }
    match ctx.enclosing_function_name(future.syntax()) {
        Some(name) => format!("background task of `{name}`"),
        None => "background task".to_owned(),
    }
}

/// The function whose future this is, looking through adapters, `.await` and the only expression
/// of an async block.
fn function_name(future: &ast::Expr) -> Option<String> {
    match future {
        ast::Expr::CallExpr(call) => match call.expr()? {
            ast::Expr::PathExpr(path) => {
                Some(path.path()?.segment()?.name_ref()?.text().to_string())
            }
            _ => None,
        },
        ast::Expr::MethodCallExpr(call) => {
            let name = call.name_ref()?.text().to_string();
            let adapter = matches!(
                name.as_str(),
                "instrument"
                    | "in_current_span"
                    | "with_subscriber"
                    | "boxed"
                    | "boxed_local"
                    | "fuse"
                    | "map_err"
                    | "in_span"
                    | "with_context"
                    | "or_cancel"
            );
            if adapter {
                function_name(&call.receiver()?)
            } else {
                Some(name)
            }
        }
        ast::Expr::AwaitExpr(awaited) => function_name(&awaited.expr()?),
        ast::Expr::TryExpr(tried) => function_name(&tried.expr()?),
        ast::Expr::BlockExpr(block) => {
            let list = block.stmt_list()?;
            let mut statements = list.statements();
            match (statements.next(), statements.next(), list.tail_expr()) {
                (None, _, Some(tail)) => function_name(&tail),
                (Some(ast::Stmt::ExprStmt(only)), None, None) => function_name(&only.expr()?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the future is a block whose value can only be `()`, whatever the types in it are.
pub fn gives_nothing(ctx: &FileContext<'_>, future: &ast::Expr) -> bool {
    let ast::Expr::BlockExpr(block) = future else {
        return false;
    };
    let empty = match block.stmt_list().and_then(|list| list.tail_expr()) {
        None | Some(ast::Expr::WhileExpr(_) | ast::Expr::ForExpr(_)) => true,
        Some(ast::Expr::IfExpr(condition)) => condition.else_branch().is_none(),
        Some(_) => false,
    };
    empty && !leaves_early(ctx, block.syntax())
}

/// Whether the future is a block that can only end in `Ok`.
pub fn cannot_fail(ctx: &FileContext<'_>, future: &ast::Expr) -> bool {
    let ast::Expr::BlockExpr(block) = future else {
        return false;
    };
    let tail = block.stmt_list().and_then(|list| list.tail_expr());
    let Some(ast::Expr::CallExpr(tail)) = tail else {
        return false;
    };
    let ok = tail.expr().is_some_and(|callee| {
        let text = callee.syntax().text().to_string();
        text == "Ok" || text.starts_with("Ok::<")
    });
    ok && !leaves_early(ctx, block.syntax())
}

/// Whether the future is known to go on for ever, unless it fails: the body of it, or of the async
/// function whose call it is, is a `loop` that nothing breaks.
pub fn never_ends(ctx: &FileContext<'_>, future: &ast::Expr) -> bool {
    let called;
    let body = match future {
        ast::Expr::BlockExpr(block) => block.clone(),
        _ => {
            let callee = ctx.callee(future).filter(|it| ctx.is_local(*it));
            let Some(source) = callee.and_then(|callee| ctx.sema.source(callee)) else {
                return false;
            };
            called = source.value;
            match called.body().filter(|_| called.async_token().is_some()) {
                Some(body) => body,
                None => return false,
            }
        }
    };
    let Some(list) = body.stmt_list() else {
        return false;
    };
    let statements = list.statements().filter_map(|statement| match statement {
        ast::Stmt::ExprStmt(it) => it.expr(),
        _ => None,
    });
    let mut loops = statements
        .chain(list.tail_expr())
        .filter_map(|expr| match expr {
            ast::Expr::LoopExpr(it) => Some(it),
            _ => None,
        });
    let breaks = |it: &ast::LoopExpr| {
        it.syntax()
            .descendants()
            .any(|it| ast::BreakExpr::can_cast(it.kind()))
    };
    loops.any(|it| !breaks(&it) && !returns(ctx, body.syntax()))
}
