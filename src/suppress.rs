//! `// unpark: allow(NAME) reason` comments.

use ra_ap_syntax::{AstNode, SourceFile, SyntaxKind, TextRange};

/// The word that every suppression comment holds.
pub const MARKER: &str = "unpark:";

/// The name of findings about suppression comments themselves.
pub const NAME: &str = "suppression";

/// One suppression comment.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The comment.
    pub range: TextRange,
    /// The line that it speaks of, from 0.
    pub line: usize,
    /// The codemod that is told to be quiet.
    pub codemod: String,
    /// Why. May be empty, which is a finding.
    pub reason: String,
}

/// The suppression comments of a file. A comment with a line of its own speaks of the next line
/// that is not a comment; one behind code speaks of its own line.
pub fn allows(file: &SourceFile, text: &str) -> Vec<Allow> {
    file.syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::COMMENT)
        .filter_map(|token| {
            let (codemod, reason) = parse(token.text())?;
            let range = token.text_range();
            let line = line_spoken_of(text, usize::from(range.start()));
            Some(Allow {
                range,
                line,
                codemod,
                reason,
            })
        })
        .collect()
}

fn parse(comment: &str) -> Option<(String, String)> {
    let text = comment
        .strip_prefix("//")?
        .trim_start_matches(['/', '!'])
        .trim();
    let text = text
        .strip_prefix(MARKER)?
        .trim_start()
        .strip_prefix("allow")?
        .trim_start();
    let (name, reason) = text.strip_prefix('(')?.split_once(')')?;
    Some((name.trim().to_owned(), reason.trim().to_owned()))
}

fn line_spoken_of(text: &str, offset: usize) -> usize {
    let line = text[..offset].matches('\n').count();
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[start..offset].trim().is_empty() {
        return line;
    }
    let below = text[offset..]
        .lines()
        .skip(1)
        .take_while(|line| line.trim_start().starts_with("//"))
        .count();
    line + 1 + below
}
