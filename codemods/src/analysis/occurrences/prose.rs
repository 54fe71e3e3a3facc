//! Text that is code to somebody: attributes and the examples in doc comments.

use ra_ap_syntax::SyntaxToken;

use crate::analysis::functions::Shape;

/// Attributes whose words are no functions of the user's.
pub(super) fn speaks_of_code(path: &str) -> bool {
    matches!(
        path,
        "allow"
            | "cfg"
            | "deny"
            | "deprecated"
            | "derive"
            | "expect"
            | "forbid"
            | "inline"
            | "must_use"
            | "path"
            | "repr"
            | "warn"
            | "error"
            | "feature"
            | "should_panic"
            | "ignore"
    )
}

/// Attributes whose strings are the name of a test, or what it works with.
pub(super) fn names_tests(path: &str) -> bool {
    let last = path.rsplit("::").next().unwrap_or_default();
    matches!(last, "test_case" | "case" | "values")
}

/// What a line of doc comments stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fence {
    /// Prose.
    Out,
    /// After an empty line, where an indented example may begin.
    Blank,
    /// An example that is indented.
    Indented,
    /// An example that is compiled.
    Code,
    /// A block of another language.
    Text,
}

/// The words of a doc comment's line, if it is part of an example that is compiled. Examples go
/// on over lines, each of which is a comment of its own.
pub(super) fn doctest_words<'t>(token: &'t SyntaxToken, fence: &mut Fence) -> Vec<Word<'t>> {
    let text = token.text();
    let is_doc = ["///", "//!", "/**", "/*!"]
        .iter()
        .any(|start| text.starts_with(start));
    if !is_doc {
        return Vec::new();
    }
    let mut words = Vec::new();
    for line in text.lines() {
        let text = line.trim_start().trim_start_matches(['/', '!', '*']);
        let line = text.trim_start();
        // One space more than Markdown asks for stands behind the marker.
        let is_indented = text.len() - line.len() > 4 || text.starts_with('\t');
        match (line.strip_prefix("```"), *fence) {
            (Some(language), Fence::Out | Fence::Blank | Fence::Indented) => {
                let foreign = [
                    "text", "ignore", "console", "sh", "bash", "toml", "json", "plain",
                ];
                let is_foreign = foreign
                    .iter()
                    .any(|it| language.trim_start().starts_with(it));
                *fence = match is_foreign {
                    true => Fence::Text,
                    false => Fence::Code,
                };
            }
            (Some(_), _) => *fence = Fence::Out,
            (None, Fence::Code) => words.extend(words_of(line)),
            (None, Fence::Text) => {}
            (None, Fence::Indented) if line.is_empty() => {}
            (None, Fence::Blank | Fence::Indented) if is_indented => {
                *fence = Fence::Indented;
                words.extend(words_of(line));
            }
            (None, _) if line.is_empty() => *fence = Fence::Blank,
            (None, _) => *fence = Fence::Out,
        }
    }
    words
}

/// A word, and what stands before it on its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) before: Option<char>,
}

impl Word<'_> {
    /// Whether a function of this shape may be meant.
    pub(super) fn may_name(self, shape: Shape) -> bool {
        match (shape, self.before) {
            // It may go on from the line before.
            (_, None) => true,
            (Shape::Free, before) => before != Some('.'),
            (Shape::Associated, before) => before == Some(':'),
            (Shape::Method, before) => matches!(before, Some('.' | ':')),
        }
    }
}

pub(super) fn words_of(text: &str) -> Vec<Word<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let length = rest[start..].find(|c| !is_part(c));
        let end = length.map_or(rest.len(), |length| start + length);
        let at = text.len() - rest.len() + start;
        words.push(Word {
            text: &rest[start..end],
            before: text[..at].trim_end().chars().next_back(),
        });
        rest = &rest[end..];
    }
    words
}
