//! Whether a future would come to await itself.

use ra_ap_hir::{AsAssocItem, AssocItem, AssocItemContainer, Function, Impl};
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::awaited::Future;
use crate::context::FileContext;

/// The async function around `body`, if the future leads back to it: awaited there, its size would
/// have no end.
pub fn leads_back(ctx: &FileContext<'_>, future: &Future, body: &SyntaxNode) -> Option<String> {
    is_around(ctx, &leads_to(ctx, future), body)
}

/// The name of the function around `body`, if it is one of these.
pub fn is_around(
    ctx: &FileContext<'_>,
    functions: &FxHashSet<Function>,
    body: &SyntaxNode,
) -> Option<String> {
    let outer = body.ancestors().find_map(ast::Fn::cast)?;
    let outer = ctx.sema.to_fn_def(&outer)?;
    functions
        .contains(&outer)
        .then(|| outer.name(ctx.db).as_str().to_owned())
}

/// The async functions of the workspace that a future comes to await, through others too.
pub fn leads_to(ctx: &FileContext<'_>, future: &Future) -> FxHashSet<Function> {
    leads_from(ctx, called_in(ctx, future.expr().syntax()))
}

/// The async functions of the workspace that these come to await, and those of them themselves.
pub fn leads_from(ctx: &FileContext<'_>, mut open: Vec<Function>) -> FxHashSet<Function> {
    let mut seen = FxHashSet::default();
    while let Some(function) = open.pop() {
        if !ctx.is_local(function) || !seen.insert(function) {
            continue;
        }
        // Of a type that is not known here, each that implements it may be called.
        open.extend(implementing(ctx, function));
        let source = ctx.sema.source(function);
        if let Some(body) = source.and_then(|source| source.value.body()) {
            open.extend(called_in(ctx, body.syntax()));
        }
    }
    seen
}

fn gives_future(ctx: &FileContext<'_>, function: Function) -> bool {
    let future = ctx.trait_at("core::future::Future");
    let returned = || function.ret_type(ctx.db);
    function.is_async(ctx.db)
        || future.is_some_and(|future| returned().impls_trait(ctx.db, future, &[]))
}

/// The functions that implement one which a trait declares.
pub fn implementing(ctx: &FileContext<'_>, function: Function) -> Vec<Function> {
    let container = function
        .as_assoc_item(ctx.db)
        .map(|it| it.container(ctx.db));
    let Some(AssocItemContainer::Trait(trait_)) = container else {
        return Vec::new();
    };
    let name = function.name(ctx.db);
    let impls = Impl::all_for_trait(ctx.db, trait_).into_iter();
    let items = impls.flat_map(|it| it.items(ctx.db));
    items
        .filter_map(|item| match item {
            AssocItem::Function(it) if it.name(ctx.db) == name => Some(it),
            _ => None,
        })
        .collect()
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
        called.extend(function.filter(|it| gives_future(ctx, *it)));
    }
    called
}
