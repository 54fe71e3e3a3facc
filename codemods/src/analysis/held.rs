//! What is alive where a future waits, and may not move to another thread.

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, SyntaxNode, WalkEvent, ast};

use super::{awaited::Future, control::is_own_body, surroundings::uses_of};
use crate::context::FileContext;

/// Whether a type is known not to be `Send`. The contrary is never known of a future.
pub fn is_not_send<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let Some(send) = ctx.trait_at("core::marker::Send") else {
        return false;
    };
    !ty.contains_unknown() && !ty.is_never() && !ty.impls_trait(ctx.db, send, &[])
}

/// What refutes that a future is `Send`, in words: its type, or what its own body holds where it
/// waits.
pub fn refutes_send(ctx: &FileContext<'_>, future: &Future) -> Option<String> {
    let expr = match future {
        Future::Expr(expr) => {
            let ty = ctx.type_of(expr)?;
            if is_not_send(ctx, &ty) {
                return Some("the future is not `Send`".to_owned());
            }
            if let Some(made) = made_in(ctx, expr.syntax()) {
                return Some(format!(
                    "`{made}`, which is not `Send`, would be held while the future waits"
                ));
            }
            expr
        }
        Future::Function(path) => path,
    };
    let body = match expr {
        ast::Expr::BlockExpr(block) => block.syntax().clone(),
        ast::Expr::PathExpr(path) => {
            let function = ctx.function_of_path(&path.path()?)?;
            ctx.sema.source(function)?.value.body()?.syntax().clone()
        }
        _ => {
            let callee = ctx.callee(expr).filter(|callee| ctx.is_local(*callee))?;
            ctx.sema.source(callee)?.value.body()?.syntax().clone()
        }
    };
    waits_in(&body).into_iter().find_map(|wait| {
        let name = held_at(ctx, &wait, &body)?;
        Some(format!(
            "the future holds `{name}`, which is not `Send`, while it waits"
        ))
    })
}

/// The `.await`s of a body itself.
fn waits_in(body: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut waits = Vec::new();
    let mut walk = body.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if node != *body && is_own_body(&node) {
            walk.skip_subtree();
        } else if ast::AwaitExpr::can_cast(node.kind()) {
            waits.push(node);
        }
    }
    waits
}

/// What is alive at `wait` in its async body, and is known not to be `Send`: a local, or the value
/// of an expression that lives as long as its statement.
pub fn held_at(ctx: &FileContext<'_>, wait: &SyntaxNode, body: &SyntaxNode) -> Option<String> {
    let mut inner = wait.clone();
    let mut in_statement = true;
    let awaited = ast::AwaitExpr::cast(wait.clone()).and_then(|it| it.expr());
    if let Some(made) = awaited.and_then(|awaited| made_in(ctx, awaited.syntax())) {
        return Some(made);
    }
    for outer in wait.ancestors().skip(1) {
        let held = if let Some(list) = ast::StmtList::cast(outer.clone()) {
            in_statement = false;
            list.statements()
                .take_while(|statement| statement.syntax() != &inner)
                .filter_map(|statement| match statement {
                    ast::Stmt::LetStmt(it) => it.pat(),
                    _ => None,
                })
                .find_map(|pattern| held_by(ctx, &pattern, wait))
        } else if let Some(arm) = ast::MatchArm::cast(outer.clone()) {
            arm.pat().and_then(|pattern| held_by(ctx, &pattern, wait))
        } else if let Some(scrutinee) = scrutinee(&outer).filter(|it| it.syntax() != &inner) {
            scrutinee
                .syntax()
                .descendants()
                .filter_map(ast::IdentPat::cast)
                .find_map(|pattern| held_by(ctx, &pattern.into(), wait))
                .or_else(|| made_in(ctx, scrutinee.syntax()))
        } else if in_statement {
            outer
                .children()
                .take_while(|child| child != &inner)
                .find_map(|child| made_in(ctx, &child))
                .or_else(|| lent_in(ctx, &outer, &inner))
        } else {
            None
        };
        if held.is_some() || outer == *body {
            return held;
        }
        inner = outer;
    }
    None
}

/// The part of a `match`, `if`, `while` or `for` whose value lives as long as its body.
fn scrutinee(node: &SyntaxNode) -> Option<ast::Expr> {
    if let Some(it) = ast::MatchExpr::cast(node.clone()) {
        return it.expr();
    }
    if let Some(it) = ast::ForExpr::cast(node.clone()) {
        return it.iterable();
    }
    let condition = match ast::IfExpr::cast(node.clone()) {
        Some(it) => it.condition(),
        None => ast::WhileExpr::cast(node.clone())?.condition(),
    };
    let has_let = |it: &ast::Expr| {
        it.syntax()
            .descendants()
            .any(|it| ast::LetExpr::can_cast(it.kind()))
    };
    condition.filter(has_let)
}

/// The name in a pattern that is alive at `wait`: not handed to anyone before.
fn held_by(ctx: &FileContext<'_>, pattern: &ast::Pat, wait: &SyntaxNode) -> Option<String> {
    pattern
        .syntax()
        .descendants()
        .filter_map(ast::IdentPat::cast)
        .find_map(|name| {
            let local = ctx.sema.to_def(&name)?;
            if !is_not_send(ctx, &local.ty(ctx.db)) {
                return None;
            }
            let moved = uses_of(ctx, local, name.syntax()).into_iter().any(|path| {
                path.syntax().text_range().end() <= wait.text_range().end()
                    && path
                        .syntax()
                        .parent()
                        .is_some_and(|it| ast::ArgList::can_cast(it.kind()))
            });
            (!moved).then(|| local.name(ctx.db).as_str().to_owned())
        })
}

/// The receiver that a method call has borrowed while its `arguments` are evaluated.
fn lent_in(ctx: &FileContext<'_>, call: &SyntaxNode, arguments: &SyntaxNode) -> Option<String> {
    let call = ast::MethodCallExpr::cast(call.clone())?;
    if !ast::ArgList::can_cast(arguments.kind()) {
        return None;
    }
    let receiver = call.receiver()?;
    let lent = ctx.sema.type_of_expr(&receiver)?.adjusted?;
    if !is_not_send(ctx, &lent) {
        return None;
    }
    ctx.source_text(receiver.syntax()).map(str::to_owned)
}

/// A value that an expression makes and that lives on until the end of its statement.
fn made_in(ctx: &FileContext<'_>, node: &SyntaxNode) -> Option<String> {
    let mut walk = node.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if is_own_body(&node) {
            walk.skip_subtree();
            continue;
        }
        let expr = match ast::Expr::cast(node) {
            Some(it @ (ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_))) => it,
            _ => continue,
        };
        if ctx.type_of(&expr).is_some_and(|ty| is_not_send(ctx, &ty)) {
            return ctx.source_text(expr.syntax()).map(str::to_owned);
        }
    }
    None
}
