//! Whether a place is the last that uses a local, so that its value may go away there.

use ra_ap_hir::Local;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

use super::{borrowing::may_borrow, surroundings::uses_of};
use crate::{context::FileContext, syntax::is_repeated};

/// Whether nothing uses what `counts` of a local once `node` has run, and nothing holds a borrow of it
/// then. What can't be seen through is taken to be a use.
pub fn is_last_use(
    ctx: &FileContext<'_>,
    local: Local<'_>,
    node: &SyntaxNode,
    counts: impl Fn(&ast::PathExpr) -> bool,
) -> bool {
    let declared = local.primary_source(ctx.db);
    let Some(function) = node.ancestors().find(|it| ast::Fn::can_cast(it.kind())) else {
        return false;
    };
    let declared = declared.syntax().text_range();
    let around = node
        .ancestors()
        .find(|it| it.text_range().contains_range(declared));
    if around.is_none_or(|around| is_repeated(node, &around)) {
        return false;
    }
    let range = node.text_range();
    let uses = uses_of(ctx, local, node);
    let mut outside = uses
        .iter()
        .filter(|it| !range.contains_range(it.syntax().text_range()))
        .filter(|it| counts(it));
    let name = local.name(ctx.db);
    outside.all(|it| is_over(ctx, it.syntax(), node))
        && hidden_in(&function, name.as_str())
            .iter()
            .all(|it| is_over(ctx, it, node))
}

/// The macro calls of a function that may name a local where no expression can be seen.
fn hidden_in(function: &SyntaxNode, name: &str) -> Vec<SyntaxNode> {
    let calls = function.descendants().filter_map(ast::MacroCall::cast);
    let names = |call: &ast::MacroCall| {
        let tokens = call.syntax().descendants_with_tokens();
        let mut tokens = tokens.filter_map(|it| it.into_token());
        tokens.any(|token| match token.kind() {
            SyntaxKind::IDENT => token.text() == name,
            SyntaxKind::SELF_KW => name == "self",
            // A format string names it in braces.
            SyntaxKind::STRING => ["}", ":"]
                .iter()
                .any(|end| token.text().contains(&format!("{{{name}{end}"))),
            _ => false,
        })
    };
    calls
        .filter(names)
        .map(|call| call.syntax().clone())
        .collect()
}

/// Whether a use of a local has happened when `node` runs, in a statement that keeps no borrow of it.
fn is_over(ctx: &FileContext<'_>, usage: &SyntaxNode, node: &SyntaxNode) -> bool {
    let at = usage.text_range();
    let mut lists = node.ancestors().filter_map(ast::StmtList::cast);
    let Some(list) = lists.find(|it| it.syntax().text_range().contains_range(at)) else {
        return false;
    };
    let before = |it: &SyntaxNode| it.text_range().end() <= node.text_range().start();
    let mut statements = list.syntax().children().filter(before);
    let Some(statement) = statements.find(|it| it.text_range().contains_range(at)) else {
        return false;
    };
    if let Some(binding) = ast::LetStmt::cast(statement.clone()) {
        let names = binding.pat().map(|it| it.syntax().clone());
        let mut names = names
            .iter()
            .flat_map(SyntaxNode::descendants)
            .filter_map(ast::IdentPat::cast);
        let keeps = |name: ast::IdentPat| {
            name.ref_token().is_some()
                || ctx
                    .sema
                    .type_of_binding_in_pat(&name)
                    .is_none_or(|ty| may_borrow(ctx, &ty))
        };
        if names.any(keeps) {
            return false;
        }
    }
    !gives_away(ctx, &statement)
}

/// Whether a statement may put a borrow into a local that is declared outside of it.
fn gives_away(ctx: &FileContext<'_>, statement: &SyntaxNode) -> bool {
    let paths = statement.descendants().filter_map(ast::PathExpr::cast);
    let mut locals = paths.filter_map(|path| match ctx.sema.resolve_path(&path.path()?)? {
        ra_ap_hir::PathResolution::Local(local) => Some(local),
        _ => None,
    });
    locals.any(|local| {
        let declared = local.primary_source(ctx.db);
        let declared = declared.syntax();
        let inside = statement.text_range().contains_range(declared.text_range());
        // What a function is given can't hold what belongs to its body.
        let parameter = declared
            .ancestors()
            .find(|it| ast::Param::can_cast(it.kind()) || ast::LetStmt::can_cast(it.kind()))
            .is_some_and(|it| ast::Param::can_cast(it.kind()));
        let ty = local.ty(ctx.db);
        let changes = local.is_mut(ctx.db) || ty.is_mutable_reference();
        !inside && !parameter && !local.is_self(ctx.db) && changes && may_borrow(ctx, &ty)
    })
}
