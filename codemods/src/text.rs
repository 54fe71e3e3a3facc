//! Small helpers about source text.

use ra_ap_ide_db::{FxHashSet, span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, ast};

/// The first of the names that no code in `scope` may name a local by, with a number if all are taken.
pub fn fresh_name(scope: &SyntaxNode, wanted: &[&str]) -> String {
    let taken = words(scope);
    let numbered = (2..).map(|n| format!("{}_{n}", wanted[0]));
    wanted
        .iter()
        .map(|&name| name.to_owned())
        .chain(numbered)
        .find(|name| !taken.iter().any(|word| names(word, name)))
        .expect("numbers do not end")
}

/// What in the code of a node may name a local: its identifiers that are no field or method, and the
/// strings that a macro may read names from.
pub fn words(node: &SyntaxNode) -> FxHashSet<String> {
    let tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    tokens
        .filter(|token| match token.kind() {
            SyntaxKind::IDENT => {
                let of = token.parent().and_then(|name| name.parent());
                of.is_none_or(|it| {
                    !ast::FieldExpr::can_cast(it.kind())
                        && !ast::MethodCallExpr::can_cast(it.kind())
                })
            }
            SyntaxKind::STRING => token.text().contains('{'),
            _ => false,
        })
        .map(|token| token.text().to_owned())
        .collect()
}

/// Whether one of [`words`] names this local, or may.
pub fn names(word: &str, local: &str) -> bool {
    word == local || (word.contains('{') && word.contains(local))
}

/// Whether a name stands somewhere in a text, and not as a part of a longer one.
pub fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}

/// Whether a comment stands in this range of the node's tree.
pub fn has_comment(node: &SyntaxNode, range: TextRange) -> bool {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .any(|token| {
            token.kind() == SyntaxKind::COMMENT && range.contains_range(token.text_range())
        })
}

/// A part of a text with some edits made in it. Of two at one place, the given order holds.
pub fn spliced<'t>(
    text: &str,
    part: TextRange,
    edits: impl IntoIterator<Item = (TextRange, &'t str)>,
) -> String {
    let inside = edits.into_iter().filter(|(at, _)| part.contains_range(*at));
    let mut edits: Vec<(TextRange, &str)> = inside.collect();
    edits.sort_by_key(|(range, _)| (range.start(), range.end()));
    let slice = |range: TextRange| &text[usize::from(range.start())..usize::from(range.end())];
    let mut out = String::new();
    let mut at = part.start();
    for (range, with) in edits {
        out += slice(TextRange::new(at, range.start()));
        out += with;
        at = range.end();
    }
    out += slice(TextRange::new(at, part.end()));
    out
}

/// Code with the lines after its first moved from the indentation `from` to another. Only white
/// space between tokens is touched: the lines of a string stay as they are.
pub fn shifted(text: &str, from: &str, to: &str) -> String {
    if from == to {
        return text.to_owned();
    }
    let lexed = LexedStr::new(Edition::CURRENT, text);
    let shifted = (0..lexed.len()).map(|index| match lexed.kind(index) {
        SyntaxKind::WHITESPACE => {
            let lines: Vec<&str> = lexed.text(index).split('\n').collect();
            let last = lines.len() - 1;
            let lines = lines.iter().enumerate().map(|(line, space)| {
                match space.strip_prefix(from) {
                    // A line that is empty stays so.
                    Some(rest) if line == last && line > 0 => format!("{to}{rest}"),
                    _ => (*space).to_owned(),
                }
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        _ => lexed.text(index).to_owned(),
    });
    shifted.collect()
}
