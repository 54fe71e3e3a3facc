//! Where control leaves a block: `return`, `?` and `break` by the body that they belong to.

use ra_ap_syntax::{AstNode, SyntaxNode, WalkEvent, ast};

use crate::context::FileContext;

/// Whether a `return`, `?` or `yield` in this body leaves the body itself, and not a closure,
/// function or async block inside of it. Macros are looked into; one that can't be counts.
pub fn leaves_early(ctx: &FileContext<'_>, body: &SyntaxNode) -> bool {
    leaves(ctx, body, |node| {
        ast::ReturnExpr::can_cast(node.kind())
            || ast::TryExpr::can_cast(node.kind())
            || ast::YieldExpr::can_cast(node.kind())
    })
}

/// The same, but for `?`.
pub fn returns(ctx: &FileContext<'_>, body: &SyntaxNode) -> bool {
    leaves(ctx, body, |node| {
        ast::ReturnExpr::can_cast(node.kind()) || ast::YieldExpr::can_cast(node.kind())
    })
}

fn leaves(ctx: &FileContext<'_>, body: &SyntaxNode, by: fn(&SyntaxNode) -> bool) -> bool {
    let mut walk = body.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if node != *body && is_own_body(&node) {
            walk.skip_subtree();
            continue;
        }
        if by(&node) {
            return true;
        }
        if let Some(mac) = ast::MacroCall::cast(node) {
            let leaves = match ctx.sema.expand_macro_call(&mac) {
                Some(expansion) => leaves(ctx, &expansion.value, by),
                None => true,
            };
            if leaves {
                return true;
            }
        }
    }
    false
}

/// Whether `return` and `?` inside of this node stay inside of it.
pub fn is_own_body(node: &SyntaxNode) -> bool {
    if ast::ClosureExpr::can_cast(node.kind()) || ast::Item::can_cast(node.kind()) {
        // A macro call in statement position is an item of the grammar, not a body.
        return !ast::MacroCall::can_cast(node.kind());
    }
    ast::BlockExpr::cast(node.clone()).is_some_and(|block| {
        matches!(
            block.modifier(),
            Some(
                ast::BlockModifier::Async(_)
                    | ast::BlockModifier::Const(_)
                    | ast::BlockModifier::Try { .. }
            )
        )
    })
}
