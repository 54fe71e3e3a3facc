//! Whether code that is driven would start to drive, or to block, inside of tokio's runtime, which
//! panics.

use ra_ap_hir::Function;
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{AstNode, SyntaxNode, WalkEvent, ast};

use super::recursion::implementing;
use crate::{
    context::FileContext,
    knowledge::{Drives, Returns, Role},
};

/// The path of a call that panics where a runtime drives the body of a function, made there or in
/// functions of the workspace that it calls. `is_async` tells which of those become async; what
/// they drive themselves is awaited then.
pub fn panics_inside(
    ctx: &FileContext<'_>,
    body: &SyntaxNode,
    is_async: &dyn Fn(Function) -> bool,
) -> Option<String> {
    let mut seen = FxHashSet::default();
    let mut open: Vec<(SyntaxNode, bool)> = vec![(body.clone(), true)];
    while let Some((body, becomes_async)) = open.pop() {
        for callee in called_in(ctx, &body) {
            if let Some(path) = panics(ctx, callee, becomes_async) {
                return Some(path);
            }
            for callee in implementing(ctx, callee).into_iter().chain([callee]) {
                let runs_here = !callee.is_async(ctx.db) && ctx.is_local(callee);
                if runs_here && seen.insert(callee) {
                    let source = ctx.sema.source(callee);
                    let body = source.and_then(|source| source.value.body());
                    open.extend(body.map(|body| (body.syntax().clone(), is_async(callee))));
                }
            }
        }
    }
    None
}

fn panics(ctx: &FileContext<'_>, callee: Function, becomes_async: bool) -> Option<String> {
    let drives = ctx.api(callee).filter(|api| {
        let role = &api.role;
        matches!(role, Role::BlockOn { drives, .. } if *drives != Drives::Executor)
    });
    if let Some(api) = drives {
        return (!becomes_async).then(|| api.path.clone());
    }
    let blocks = ctx.known.blocking(callee)?;
    blocks
        .path
        .starts_with("tokio::")
        .then(|| blocks.path.clone())
}

/// The functions that a body calls on its own thread, macros looked into.
fn called_in(ctx: &FileContext<'_>, body: &SyntaxNode) -> Vec<Function> {
    let mut called = Vec::new();
    let mut walk = body.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if let Some(mac) = ast::MacroCall::cast(node.clone()) {
            if let Some(expansion) = ctx.sema.expand_macro_call(&mac) {
                called.extend(called_in(ctx, &expansion.value));
            }
            continue;
        }
        let Some(callee) = ast::Expr::cast(node).and_then(|expr| ctx.callee(&expr)) else {
            continue;
        };
        let elsewhere = ctx.api(callee).is_some_and(
            |api| matches!(api.role, Role::Offload { returns, .. } if returns != Returns::Value),
        );
        match elsewhere {
            true => walk.skip_subtree(),
            false => called.push(callee),
        }
    }
    called
}
