//! Whether a future would come to await itself.

use ra_ap_hir::Function;
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::awaited::Future;
use crate::context::FileContext;

/// The async function around `body`, if the future leads back to it: awaited there, its size would
/// have no end.
pub fn leads_back(ctx: &FileContext<'_>, future: &Future, body: &SyntaxNode) -> Option<String> {
    let outer = body.ancestors().find_map(ast::Fn::cast)?;
    let outer = ctx.sema.to_fn_def(&outer)?;
    leads_to(ctx, future)
        .contains(&outer)
        .then(|| outer.name(ctx.db).as_str().to_owned())
}

/// The async functions of the workspace that a future comes to await, through others too.
pub fn leads_to(ctx: &FileContext<'_>, future: &Future) -> FxHashSet<Function> {
    let mut open: Vec<Function> = called_in(ctx, future.expr().syntax());
    let mut seen = FxHashSet::default();
    while let Some(function) = open.pop() {
        if !ctx.is_local(function) || !seen.insert(function) {
            continue;
        }
        let source = ctx.sema.source(function);
        if let Some(body) = source.and_then(|source| source.value.body()) {
            open.extend(called_in(ctx, body.syntax()));
        }
    }
    seen
}

/// The functions of the workspace that a node names or calls.
fn called_in(ctx: &FileContext<'_>, node: &SyntaxNode) -> Vec<Function> {
    let mut called = Vec::new();
    for node in node.descendants() {
        if let Some(mac) = ast::MacroCall::cast(node.clone()) {
            if let Some(expansion) = ctx.sema.expand_macro_call(&mac) {
                called.extend(called_in(ctx, &expansion.value));
            }
            continue;
        }
        let function = match ast::Expr::cast(node) {
            Some(expr @ ast::Expr::PathExpr(_)) => ctx.callee_of_path(&expr),
            Some(expr @ ast::Expr::MethodCallExpr(_)) => ctx.callee(&expr),
            _ => None,
        };
        called.extend(
            function.filter(|function| {
                function.is_async(ctx.db) || function.returns_impl_future(ctx.db)
            }),
        );
    }
    called
}
