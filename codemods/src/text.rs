//! Small helpers about source text.

use ra_ap_syntax::{SyntaxKind, SyntaxNode, TextRange};

/// The first of the names that no identifier in `scope` has, with a number if all are taken.
pub fn fresh_name(scope: &SyntaxNode, wanted: &[&str]) -> String {
    let taken = |name: &str| {
        scope
            .descendants_with_tokens()
            .filter_map(|element| element.into_token())
            .any(|token| token.kind() == SyntaxKind::IDENT && token.text() == name)
    };
    let numbered = (2..).map(|n| format!("{}_{n}", wanted[0]));
    wanted
        .iter()
        .map(|&name| name.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .expect("numbers do not end")
}

/// Whether a comment stands in this range of the node's tree.
pub fn has_comment(node: &SyntaxNode, range: TextRange) -> bool {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .any(|token| {
            token.kind() == SyntaxKind::COMMENT && range.contains_range(token.text_range())
        })
}
