//! Two versions of a text beside each other, line by line, with the words that differ.

use std::ops::Range;

use ra_ap_ide_db::span::Edition;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::{
    diff::CONTEXT,
    highlight::{self, Token},
};

/// Some lines that differ, with lines around them.
#[derive(Debug, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// Each line, or pair of lines.
    pub rows: Vec<Row<'a>>,
}

/// What stands beside each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line of the old text.
    pub old: Option<Side<'a>>,
    /// The line of the new text.
    pub new: Option<Side<'a>>,
    /// Whether they are not the same.
    pub differs: bool,
}

impl<'a> Row<'a> {
    /// The lines, the old one first.
    pub fn sides(&self) -> [Option<&Side<'a>>; 2] {
        [self.old.as_ref(), self.new.as_ref()]
    }
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub struct Side<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text without its end, in parts.
    pub parts: Vec<Part<'a>>,
}

/// A part of a line that looks the same throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its text.
    pub text: &'a str,
    /// The token that it is, or is in, if that has a colour.
    pub token: Option<Token>,
    /// Whether it is not in the other line of its row.
    pub differs: bool,
}

/// The hunks between two texts; `rust` is the edition, if they are Rust.
pub fn hunks<'a>(old: &'a str, new: &'a str, rust: Option<Edition>) -> Vec<Hunk<'a>> {
    let (old, new) = (Text::new(old, rust), Text::new(new, rust));
    let ops = capture_diff_slices(Algorithm::Myers, &old.lines, &new.lines);
    group_diff_ops(ops, CONTEXT)
        .iter()
        .map(|ops| Hunk {
            rows: ops.iter().flat_map(|op| rows(&old, &new, op)).collect(),
        })
        .collect()
}

fn rows<'a>(old: &Text<'a>, new: &Text<'a>, op: &DiffOp) -> Vec<Row<'a>> {
    let (olds, news) = (op.old_range(), op.new_range());
    let differs = !matches!(op, DiffOp::Equal { .. });
    let row = |index: usize| {
        let (before, after) = (olds.start + index, news.start + index);
        let (before, after) = (
            olds.contains(&before).then_some(before),
            news.contains(&after).then_some(after),
        );
        let (gone, come) = match (before, after) {
            (Some(before), Some(after)) if differs => {
                words_that_differ(old.lines[before], new.lines[after])
            }
            _ => (Vec::new(), Vec::new()),
        };
        Row {
            old: before.map(|line| old.side(line, &gone)),
            new: after.map(|line| new.side(line, &come)),
            differs,
        }
    };
    (0..olds.len().max(news.len())).map(row).collect()
}

/// The words of two lines that the other one has not, where at least half of them are the same: else
/// it is another line.
fn words_that_differ(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (olds, news) = (words(old), words(new));
    let texts = |line: &str, words: &[Range<usize>]| -> Vec<String> {
        let words = words.iter();
        words.map(|word| line[word.clone()].to_owned()).collect()
    };
    let (old_texts, new_texts) = (texts(old, &olds), texts(new, &news));
    let ops = capture_diff_slices(Algorithm::Myers, &old_texts, &new_texts);
    let written = |words: &[String]| words.iter().filter(|word| !word.trim().is_empty()).count();
    let (mut gone, mut come, mut same) = (Vec::new(), Vec::new(), 0);
    for op in ops {
        if let DiffOp::Equal { .. } = op {
            same += written(&old_texts[op.old_range()]);
            continue;
        }
        let span = |words: &[Range<usize>]| Some(words.first()?.start..words.last()?.end);
        gone.extend(span(&olds[op.old_range()]));
        come.extend(span(&news[op.new_range()]));
    }
    if same * 2 < written(&old_texts).max(written(&new_texts)) {
        return (Vec::new(), Vec::new());
    }
    (gone, come)
}

/// Names and numbers, and every other character on its own.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut inside = false;
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        let of_word = c.is_alphanumeric() || c == '_';
        match words.last_mut() {
            Some(last) if of_word && inside => last.end = end,
            _ => words.push(at..end),
        }
        inside = of_word;
    }
    words
}

struct Text<'a> {
    text: &'a str,
    /// The lines, with their ends.
    lines: Vec<&'a str>,
    /// Where each line starts.
    starts: Vec<usize>,
    tokens: Vec<(Range<usize>, Token)>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str, rust: Option<Edition>) -> Text<'a> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut at = 0;
        let starts = lines.iter().map(|line| {
            at += line.len();
            at - line.len()
        });
        Text {
            text,
            starts: starts.collect(),
            lines,
            tokens: rust.map_or_else(Vec::new, |edition| highlight::tokens(text, edition)),
        }
    }

    /// A line, from 0, of which these ranges differ.
    fn side(&self, line: usize, differ: &[Range<usize>]) -> Side<'a> {
        let start = self.starts[line];
        let shown = self.lines[line].trim_end_matches(['\n', '\r']);
        let end = start + shown.len();
        let first = self.tokens.partition_point(|(range, _)| range.end <= start);
        let tokens = self.tokens[first..].iter();
        let tokens = tokens.take_while(|(range, _)| range.start < end);
        let tokens: Vec<&(Range<usize>, Token)> = tokens.collect();
        let differ: Vec<Range<usize>> = differ
            .iter()
            .map(|range| start + range.start..(start + range.end).min(end))
            .collect();
        let mut cuts = vec![start, end];
        cuts.extend(
            tokens
                .iter()
                .flat_map(|(range, _)| [range.start, range.end]),
        );
        cuts.extend(differ.iter().flat_map(|range| [range.start, range.end]));
        cuts.retain(|cut| (start..=end).contains(cut));
        cuts.sort_unstable();
        cuts.dedup();
        let parts = cuts.windows(2).map(|cut| {
            let token = tokens.iter().find(|(range, _)| range.contains(&cut[0]));
            Part {
                text: &self.text[cut[0]..cut[1]],
                token: token.map(|(_, token)| *token),
                differs: differ.iter().any(|range| range.contains(&cut[0])),
            }
        });
        Side {
            number: line + 1,
            parts: parts.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row as text; what differs within a line is in brackets.
    fn shown(old: &str, new: &str) -> Vec<String> {
        let side = |side: &Option<Side<'_>>| {
            let Some(side) = side else {
                return "-".to_owned();
            };
            let parts = side.parts.iter().map(|part| match part.differs {
                true => format!("[{}]", part.text),
                false => part.text.to_owned(),
            });
            let text = parts.collect::<String>().replace("][", "");
            format!("{} {text}", side.number)
        };
        let hunks = hunks(old, new, Some(Edition::CURRENT));
        let rows = hunks.iter().flat_map(|hunk| &hunk.rows);
        rows.map(|row| {
            let sign = if row.differs { '!' } else { ' ' };
            format!("{sign} {} | {}", side(&row.old), side(&row.new))
        })
        .collect()
    }

    #[test]
    fn pairs_lines_and_marks_what_differs() {
        assert_eq!(
            shown(
                "use a;\nfn f() {\r\n    g()\n}",
                "async fn f() {\r\n    g().await\n    // é\n}"
            ),
            [
                "! 1 use a; | 1 async fn f() {",
                "! 2 fn f() { | 2     g().await",
                "! 3     g() | 3     // é",
                "  4 } | 4 }",
            ]
        );
        assert_eq!(
            shown("fn é() { g() }\n", "async fn é() { g().await }\n"),
            ["! 1 fn é() { g() } | 1 [async ]fn é() { g()[.await] }"]
        );
        assert_eq!(shown("a\n", "a\nb"), ["  1 a | 1 a", "! - | 2 b"]);
    }

    #[test]
    fn a_token_of_several_lines_is_one_in_each() {
        let text = "/* one\n   two */ fn";
        let hunks = hunks(text, "", Some(Edition::CURRENT));
        let second = &hunks[0].rows[1].old.as_ref().unwrap().parts;
        let comment = (second[0].text, second[0].token);
        assert_eq!(comment, ("   two */", Some(Token::Comment)));
    }
}
