//! Which runtime a handle belongs to.

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList},
};

use crate::{
    context::{Call, Enclosing, FileContext},
    knowledge::{Argument, Definition, Drives, Role},
    refusal::{Refusal, RefusalKind},
};

/// Whether this is a call that gives the handle of the runtime that it runs on.
pub fn is_handle_call(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    ctx.call(value)
        .is_some_and(|call| call.api.role == Role::CurrentHandle)
}

/// What a value is a clone of: a name, a field of one, or a reference to either.
pub fn cloned(ctx: &FileContext<'_>, value: &ast::Expr) -> Option<ast::Expr> {
    let of = match value {
        ast::Expr::MethodCallExpr(call) if call.name_ref()?.text() == "clone" => call.receiver()?,
        ast::Expr::CallExpr(call) => {
            let callee = ctx.callee(value)?;
            let declared = ctx.in_trait(callee).unwrap_or(callee);
            let clones = ctx.known.definitions(ctx.db, "core::clone::Clone::clone");
            if !clones.contains(&Definition::Function(declared)) {
                return None;
            }
            match call.arg_list()?.args().next()? {
                ast::Expr::RefExpr(inner) => inner.expr()?,
                other => other,
            }
        }
        _ => return None,
    };
    is_place(&of).then_some(of)
}

/// Whether this is a name, or a field of one: reading it does nothing else.
pub fn is_place(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::PathExpr(_) => true,
        ast::Expr::FieldExpr(field) => field.expr().is_some_and(|inner| is_place(&inner)),
        ast::Expr::ParenExpr(inner) => inner.expr().is_some_and(|inner| is_place(&inner)),
        _ => false,
    }
}

/// Why the future that `by` drives would run on another runtime in the code `body`. `closure` is
/// the offloaded closure that the call stands in, if its thread belongs to the runtime of `body`.
pub fn other_runtime(
    ctx: &FileContext<'_>,
    by: &Call<'_>,
    body: &SyntaxNode,
    closure: Option<&SyntaxNode>,
) -> Option<Refusal> {
    let Role::BlockOn { future, drives, .. } = &by.api.role else {
        return None;
    };
    let path = &by.api.path;
    let message = match (drives, &by.receiver) {
        (Drives::Executor, None) => return None,
        (Drives::Executor, Some(_)) if *future == Argument::Receiver => return None,
        (Drives::Executor, Some(_)) => {
            format!("`{path}` drives the other tasks of its executor as well")
        }
        (Drives::Handle, Some(receiver)) => {
            if is_of_this_runtime(ctx, receiver, body, closure) {
                return None;
            }
            let text = ctx.source_text(receiver.syntax()).unwrap_or("the receiver");
            format!("`{text}` is not known to be the handle of the runtime that this code runs on")
        }
        (Drives::Handle | Drives::Runtime, _) => format!(
            "`{path}` drives the future on a runtime of its own, and it may need what lives there"
        ),
    };
    Some(Refusal::new(RefusalKind::R1, message))
}

/// Whether the value of `receiver` is proven to be the handle of the runtime that the code `body`
/// runs on. `closure` is the offloaded closure, whose thread belongs to that runtime too.
pub fn is_of_this_runtime(
    ctx: &FileContext<'_>,
    receiver: &ast::Expr,
    body: &SyntaxNode,
    closure: Option<&SyntaxNode>,
) -> bool {
    match receiver {
        ast::Expr::ParenExpr(inner) => inner
            .expr()
            .is_some_and(|inner| is_of_this_runtime(ctx, &inner, body, closure)),
        ast::Expr::RefExpr(inner) => inner
            .expr()
            .is_some_and(|inner| is_of_this_runtime(ctx, &inner, body, closure)),
        ast::Expr::PathExpr(path) => ctx
            .initializer(path)
            .is_some_and(|value| is_of_this_runtime(ctx, &value, body, closure)),
        _ if is_handle_call(ctx, receiver) => {
            let at = ctx.enclosing(receiver.syntax());
            match at {
                Some(enclosing) if enclosing.body().as_ref() == Some(body) => true,
                Some(Enclosing::Closure(it)) => closure == Some(it.syntax()),
                Some(enclosing) => enclosing.is_async() && runs_in(ctx, body, &enclosing),
                None => false,
            }
        }
        _ => cloned(ctx, receiver)
            .is_some_and(|inner| is_of_this_runtime(ctx, &inner, body, closure)),
    }
}

/// Whether the async code `body` runs on the runtime of the async code around it where the handle
/// was taken: it is the same body, or one spawned from there without naming a runtime.
fn runs_in(ctx: &FileContext<'_>, body: &SyntaxNode, taken: &Enclosing) -> bool {
    let mut body = body.clone();
    loop {
        if taken.body().is_some_and(|taken| taken == body) {
            return true;
        }
        let spawn = body
            .parent()
            .filter(|list| ast::ArgList::can_cast(list.kind()))
            .and_then(|list| list.parent())
            .and_then(ast::Expr::cast)
            .and_then(|call| ctx.call(&call));
        let same = spawn.is_some_and(|call| {
            matches!(call.api.role, Role::Spawn { .. })
                && call.receiver.is_none()
                && call.api.family == "tokio"
        });
        let Some(outer) = ctx.enclosing(&body).filter(|_| same) else {
            return false;
        };
        match outer.body() {
            Some(outer) if !matches!(ctx.enclosing(&body), Some(Enclosing::Closure(_))) => {
                body = outer;
            }
            _ => return false,
        }
    }
}
