//! What the body of a function does, that makes nothing of it wait.

use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, SyntaxToken, T, ast};

use crate::{context::FileContext, knowledge::Role};

/// What was found in a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// It gives its value at once.
    Plain,
    /// It waits, in what a macro makes.
    Waits,
    /// It makes a future, or starts a task.
    MakesFuture,
    /// A macro of this name can't be read.
    Unreadable(String),
}

impl Body {
    /// What doing both comes to. What waits is no finding, whatever else is in it.
    pub fn and(self, other: Body) -> Body {
        match (&self, &other) {
            (_, Body::Waits) | (Body::Plain, _) => other,
            _ => self,
        }
    }
}

/// Reads a body, with all that macros make of it. The `futures` in it go away.
pub fn read(ctx: &FileContext<'_>, body: &SyntaxNode, futures: &[SyntaxNode]) -> Body {
    let mut found = Body::Plain;
    for node in body.descendants() {
        let here = if ast::AwaitExpr::can_cast(node.kind()) {
            Body::Waits
        } else if let Some(mac) = ast::MacroCall::cast(node.clone()) {
            of_macro(ctx, &mac)
        } else {
            match ast::Expr::cast(node) {
                Some(expr) if futures.contains(expr.syntax()) => Body::Plain,
                Some(expr) if makes_future(ctx, &expr) => Body::MakesFuture,
                _ => Body::Plain,
            }
        };
        found = found.and(here);
    }
    found
}

fn makes_future(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let makes = match expr {
        ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_) => true,
        ast::Expr::BlockExpr(block) => {
            matches!(block.modifier(), Some(ast::BlockModifier::Async(_)))
        }
        _ => false,
    };
    makes
        && ctx
            .type_of(expr)
            .is_some_and(|ty| ctx.implements(&ty, "core::future::Future"))
}

fn of_macro(ctx: &FileContext<'_>, mac: &ast::MacroCall) -> Body {
    let resolved = ctx.sema.resolve_macro_call(mac);
    let row = resolved.and_then(|it| ctx.known.macro_(it));
    if row.is_some_and(|row| matches!(row.role, Role::Cancels | Role::Waits)) {
        return Body::Waits;
    }
    if let Some(expansion) = ctx.sema.expand_macro_call(mac) {
        return read(ctx, &expansion.value, &[]);
    }
    // The compiler's own are opaque, and do not wait.
    let is_known = resolved.is_some_and(|it| {
        let krate = it.module(ctx.db).krate(ctx.db);
        krate.origin(ctx.db).is_lang() || ctx.known.knows(ctx.db, krate)
    });
    match is_known {
        true => Body::Plain,
        false => {
            let name = mac.path().map(|path| path.syntax().text().to_string());
            Body::Unreadable(name.unwrap_or_default())
        }
    }
}

/// Whether a word of async code stands in a node, in the arguments of macros too.
pub fn speaks_of_async(node: &SyntaxNode) -> bool {
    tokens(node).any(|token| matches!(token.kind(), T![async] | T![await]))
}

/// Whether a body is still to be written: it is empty, does nothing but panic, or says so.
pub fn is_stub(body: &ast::BlockExpr) -> bool {
    let Some(list) = body.stmt_list() else {
        return true;
    };
    if list.statements().next().is_none() && list.tail_expr().is_none() {
        return true;
    }
    let macros = || body.syntax().descendants().filter_map(ast::MacroCall::cast);
    let is_one_of = |mac: &ast::MacroCall, names: &[&str]| {
        let name = mac.path().and_then(|path| path.segment()?.name_ref());
        name.is_some_and(|name| names.contains(&name.text()))
    };
    let says_so = |token: SyntaxToken| {
        let text = token.text().to_lowercase();
        let words = ["not implemented", "not yet implemented", "unimplemented"];
        token.kind() == SyntaxKind::STRING && words.iter().any(|it| text.contains(it))
    };
    if macros().any(|mac| is_one_of(&mac, &["todo", "unimplemented"]))
        || tokens(body.syntax()).any(says_so)
    {
        return true;
    }
    let statements: Vec<ast::Stmt> = list.statements().collect();
    let only = match (statements.as_slice(), list.tail_expr()) {
        ([], tail) => tail,
        ([ast::Stmt::ExprStmt(statement)], None) => statement.expr(),
        _ => None,
    };
    let Some(ast::Expr::MacroExpr(only)) = only else {
        return false;
    };
    only.macro_call()
        .is_some_and(|mac| is_one_of(&mac, &["panic", "unreachable"]))
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
}
