//! Fills the text of a row in the table.

use ra_ap_syntax::SyntaxNode;

use super::inline::{Inline, block};
use crate::text::{fresh_name, shifted};

/// What the arguments of a call are in the text of its row.
pub(super) enum Filling {
    /// A closure, or the path of a function.
    Called(Inline),
    /// A value.
    Value(String),
}

/// What the text of a row is filled with.
pub(super) struct Template<'a> {
    /// The receiver of the call.
    pub(super) receiver: &'a str,
    /// Its arguments.
    pub(super) arguments: &'a [Filling],
    /// One level of indentation.
    pub(super) unit: &'a str,
    /// The code whose names are taken.
    pub(super) nearby: &'a SyntaxNode,
}

impl Template<'_> {
    /// The text with everything in its place. What goes in is never looked at again.
    pub(super) fn fill(&self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let level = (line.len() - line.trim_start().len()) / 4;
            let indent = self.unit.repeat(level);
            format!(
                "{indent}{}",
                shifted(&self.line(line.trim_start()), "", &indent)
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn line(&self, line: &str) -> String {
        let mut filled = String::new();
        let mut rest = line;
        while let Some(at) = rest.find(['{', '|', '<']) {
            filled += &rest[..at];
            let (open, after) = rest[at..].split_at(1);
            let close = match open {
                "{" => '}',
                "|" => '|',
                _ => '>',
            };
            let word = after.split_once(close);
            let word = word.filter(|(word, _)| {
                !word.is_empty() && word.chars().all(|it| it.is_ascii_alphanumeric())
            });
            let Some((word, after)) = word else {
                filled += open;
                rest = after;
                continue;
            };
            rest = after;
            match (open, word.parse::<usize>()) {
                ("{", Ok(index)) => {
                    let tried = rest.starts_with('?');
                    rest = rest.strip_prefix('?').unwrap_or(rest);
                    let (value, is_block) = self.value(index, tried, line.starts_with("if "));
                    // A block needs no comma behind it.
                    if is_block && rest == "," && filled.ends_with("=> ") {
                        rest = "";
                    }
                    filled += &value;
                }
                ("{", Err(_)) => filled += self.receiver,
                ("|", Ok(index)) => {
                    if let Some(Filling::Called(inline)) = self.arguments.get(index) {
                        filled += &inline.pattern(0, self.nearby).0;
                    }
                }
                _ => filled += &fresh_name(self.nearby, &[word]),
            }
        }
        filled + rest
    }

    /// An argument's value, and whether it is a block.
    fn value(&self, index: usize, tried: bool, condition: bool) -> (String, bool) {
        match self.arguments.get(index) {
            None => (String::new(), false),
            Some(Filling::Value(value)) => (value.clone(), false),
            Some(Filling::Called(inline)) => {
                let value = if tried {
                    inline.tried()
                } else if condition {
                    inline.condition()
                } else {
                    inline.value().to_owned()
                };
                let (_, before) = inline.pattern(0, self.nearby);
                match before.is_empty() {
                    true => (value, inline.block(tried).is_some()),
                    false => (block(self.unit, &[&before, &value]), true),
                }
            }
        }
    }
}
