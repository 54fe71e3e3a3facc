//! What makes a finding the same one in the next run, even if lines have moved.

use std::path::Path;

use ra_ap_syntax::{
    AstNode, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, TextRange, WalkEvent,
    ast::{self, HasName},
};
use sha2::{Digest, Sha256};

/// The code of a place and the function around it, without its layout, and without what stands in blocks
/// inside of it: that may have findings of its own, which are mended at another time.
pub fn anchor(file: &SourceFile, range: TextRange) -> String {
    let node = match file.syntax().covering_element(range) {
        NodeOrToken::Node(node) => Some(node),
        NodeOrToken::Token(token) => token.parent(),
    };
    let Some(node) = node else {
        return String::new();
    };
    let function = node
        .ancestors()
        .find_map(ast::Fn::cast)
        .and_then(|function| Some(function.name()?.text().to_string()))
        .unwrap_or_default();
    format!("{function}\n{}", head_of(&node, range))
}

/// The tokens of a range in a node.
fn head_of(node: &SyntaxNode, range: TextRange) -> String {
    let mut head = String::new();
    let mut walk = node.preorder_with_tokens();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(element) = event else {
            continue;
        };
        match element {
            NodeOrToken::Node(node) if is_block(&node) && is_inside(&node, range) => {
                head.push_str("{}");
                walk.skip_subtree();
            }
            NodeOrToken::Token(token)
                if !token.kind().is_trivia() && range.contains_range(token.text_range()) =>
            {
                head.push_str(token.text());
            }
            _ => {}
        }
    }
    head
}

fn is_inside(node: &SyntaxNode, range: TextRange) -> bool {
    range.contains_range(node.text_range()) && node.text_range() != range
}

/// Whether it is what stands between braces: statements, arms, or what a macro is given.
fn is_block(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::STMT_LIST | SyntaxKind::MATCH_ARM_LIST => true,
        SyntaxKind::TOKEN_TREE => {
            let first = node.first_token();
            first.is_some_and(|token| token.kind() == SyntaxKind::L_CURLY)
        }
        _ => false,
    }
}

/// How many digits of an id stand for what places that are alike have in common.
const IN_COMMON: usize = 14;

/// The id of the `ordinal`-th place with this anchor in a file.
pub fn of(codemod: &str, path: &Path, anchor: &str, ordinal: usize) -> String {
    let mut hasher = Sha256::new();
    for part in [codemod, &path.to_string_lossy().replace('\\', "/"), anchor] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let digits = hex(&hasher.finalize()[..IN_COMMON / 2]);
    format!("{digits}{ordinal:02x}")
}

/// What an id has in common with those of places that are alike: the same codemod, file, function and
/// code.
pub fn kind_of(id: &str) -> &str {
    id.get(..IN_COMMON).unwrap_or(id)
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use ra_ap_ide_db::span::Edition;
    use ra_ap_syntax::TextSize;

    use super::*;

    /// The anchor of the text between `«` and `»`.
    fn anchor_of(marked: &str) -> String {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let offset = |at: usize| TextSize::try_from(at).unwrap();
        let range = TextRange::new(offset(start), offset(end));
        anchor(&SourceFile::parse(&text, Edition::CURRENT).tree(), range)
    }

    #[test]
    fn what_is_mended_inside_of_a_place_leaves_it_the_same() {
        let before = "fn f() { «spawn(async move { sleep(1); match a { _ => sleep(2) } }, b)»; }";
        let after = "fn f() { «spawn(async move {\n  nap(1).await; }, b)»; }";
        assert_eq!(anchor_of(before), "f\nspawn(asyncmove{},b)");
        assert_eq!(anchor_of(before), anchor_of(after));
        assert_ne!(anchor_of(before), anchor_of(&before.replace(", b", ", c")));
        assert_eq!(anchor_of("fn f() { «async { a }»; }"), "f\nasync{}");
    }

    #[test]
    fn of_what_a_macro_is_given_only_the_place_counts() {
        let before = "fn f() { select! { a = x() => { «block_on(b { c })» } _ = sleep(1) => {} } }";
        assert_eq!(anchor_of(before), "f\nblock_on(b{})");
        assert_eq!(
            anchor_of(before),
            anchor_of(&before.replace("sleep(1)", "nap(1)"))
        );
    }
}
