//! Where async code waits.

use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{AstNode, SyntaxNode, WalkEvent, ast};

use super::control::is_own_body;
use crate::{
    context::FileContext,
    knowledge::Role,
    syntax::{Imports, names_in},
};

/// The `.await`s of a body itself, in macros too.
pub fn waits_in(ctx: &FileContext<'_>, body: &SyntaxNode) -> Vec<SyntaxNode> {
    look(ctx, body, &|node| node != body && is_own_body(node))
}

/// Every `.await` below a node, whatever stands around it.
pub fn all_waits(ctx: &FileContext<'_>, node: &SyntaxNode) -> Vec<SyntaxNode> {
    look(ctx, node, &|_| false)
}

fn look(
    ctx: &FileContext<'_>,
    root: &SyntaxNode,
    leaves_out: &dyn Fn(&SyntaxNode) -> bool,
) -> Vec<SyntaxNode> {
    let names = names_in(&Imports::of(&ctx.source), ctx.known.knowledge, waits);
    let mut found = Vec::new();
    collect(ctx, root, &names, leaves_out, &mut found);
    found
}

fn collect(
    ctx: &FileContext<'_>,
    root: &SyntaxNode,
    names: &FxHashSet<String>,
    leaves_out: &dyn Fn(&SyntaxNode) -> bool,
    waits: &mut Vec<SyntaxNode>,
) {
    let mut walk = root.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if leaves_out(&node) {
            walk.skip_subtree();
        } else if ast::AwaitExpr::can_cast(node.kind()) {
            waits.push(node);
        } else if let Some(mac) = ast::MacroCall::cast(node.clone()) {
            let waits_itself = is_wait(ctx, &mac, names);
            let before = waits.len();
            if (waits_itself || mentions_await(&mac))
                && let Some(expansion) = ctx.sema.expand_macro_call(&mac)
            {
                collect(ctx, &expansion.value, names, leaves_out, waits);
            }
            if waits_itself && waits.len() == before {
                // A procedural macro: what it makes is not known.
                waits.push(node);
            }
        }
    }
}

fn mentions_await(mac: &ast::MacroCall) -> bool {
    let tokens = mac.syntax().descendants_with_tokens();
    let mut tokens = tokens.filter_map(|element| element.into_token());
    tokens.any(|token| token.text() == "await")
}

/// Whether the tables say that a macro waits.
fn is_wait(ctx: &FileContext<'_>, mac: &ast::MacroCall, names: &FxHashSet<String>) -> bool {
    let name = mac.path().and_then(|path| path.segment()?.name_ref());
    // The name first: resolving a macro infers the whole body that it stands in.
    if !name.is_some_and(|name| names.contains(name.text())) {
        return false;
    }
    let row = ctx.sema.resolve_macro_call(mac);
    row.and_then(|mac| ctx.known.macro_(mac))
        .is_some_and(|row| waits(&row.role))
}

fn waits(role: &Role) -> bool {
    matches!(role, Role::Cancels | Role::Waits)
}
