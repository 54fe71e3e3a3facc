//! The bytes of a user's file, and what is kept of their form.

use std::{ops::Range, sync::Arc};

use similar::{DiffOp, TextDiff};

/// The byte order mark, which is no part of a text.
pub const BOM: &str = "\u{feff}";

/// A file as it was read. The text is without the byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// Whether a byte order mark stood before it.
    pub bom: bool,
}

impl Source {
    /// Decodes a file. `None` if it is not UTF-8.
    pub fn decode(bytes: Vec<u8>) -> Option<Source> {
        let text = String::from_utf8(bytes).ok()?;
        Some(match text.strip_prefix(BOM) {
            Some(rest) => Source {
                text: rest.into(),
                bom: true,
            },
            None => Source {
                text: text.into(),
                bom: false,
            },
        })
    }

    /// How far offsets into the file are ahead of offsets into the text, in bytes.
    pub fn shift(&self) -> usize {
        if self.bom { BOM.len() } else { 0 }
    }

    /// A text in the form of this file: with its byte order mark.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        if self.bom {
            [BOM, text].concat().into_bytes()
        } else {
            text.as_bytes().to_vec()
        }
    }
}

/// What is inserted at an offset, with the line ends of the neighbouring lines, whichever it came
/// with: what is copied from the file itself has them already.
pub fn with_line_ends_of(text: &str, offset: usize, inserted: &str) -> String {
    let before = text[..offset]
        .rfind('\n')
        .map(|newline| text[..newline].ends_with('\r'));
    let after = || {
        text[offset..]
            .find('\n')
            .map(|at| text[..offset + at].ends_with('\r'))
    };
    if !inserted.contains('\n') {
        return inserted.to_owned();
    }
    let inserted = inserted.replace("\r\n", "\n");
    if before.or_else(after) == Some(true) {
        inserted.replace('\n', "\r\n")
    } else {
        inserted
    }
}

/// A place in a text as people count it: lines and characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The UTF-8 offset into the file.
    pub byte: usize,
}

/// Finds lines and columns in one text.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    shift: usize,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Prepares a text; `shift` is what stands before it in its file, in bytes.
    pub fn new(text: &'a str, shift: usize) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Lines {
            text,
            shift,
            starts: starts.collect(),
        }
    }

    /// The position of an offset into the text.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let column = self.text[self.starts[line]..offset].chars().count() + 1;
        Position {
            line: line + 1,
            column,
            byte: offset + self.shift,
        }
    }

    /// Where a line starts, counted from 1.
    pub fn start(&self, line: usize) -> usize {
        self.starts[line - 1]
    }

    /// The text of a line, counted from 1, without its end.
    pub fn line(&self, line: usize) -> &'a str {
        &self.text[self.range(line)]
    }

    /// Where a line, counted from 1, is in the text, without its end.
    pub fn range(&self, line: usize) -> Range<usize> {
        let start = self.starts[line - 1];
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        start..start + text.len()
    }
}

/// Where each of these lines starts, and the last one ends.
fn offsets<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut at = 0;
    let ends = lines.map(|line| {
        at += line.len();
        at
    });
    std::iter::once(0).chain(ends).collect()
}

/// Which lines of two texts are the same, and so which places are.
#[derive(Debug, Clone)]
pub struct Alignment {
    /// Ranges of the one text and what they are in the other; equal or replaced, in order.
    parts: Vec<(Range<usize>, Range<usize>, bool)>,
}

impl Alignment {
    /// Compares two texts line by line.
    pub fn new(from: &str, to: &str) -> Alignment {
        let diff = TextDiff::from_lines(from, to);
        let olds = offsets(diff.iter_old_slices());
        let news = offsets(diff.iter_new_slices());
        let parts = diff.ops().iter().map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            (
                olds[old.start]..olds[old.end],
                news[new.start]..news[new.end],
                matches!(op, DiffOp::Equal { .. }),
            )
        });
        Alignment {
            parts: parts.collect(),
        }
    }

    /// The ranges of the one text with what they are in the other, and whether both are the same.
    pub fn into_parts(self) -> Vec<(Range<usize>, Range<usize>, bool)> {
        self.parts
    }

    /// Where a range of the one text is in the other. In lines that differ, all of them.
    pub fn map(&self, range: Range<usize>) -> Range<usize> {
        let start = self.at(range.start, |new| new.start);
        let end = self.at(range.end, |new| new.end);
        start..end.max(start)
    }

    fn at(&self, offset: usize, side: impl Fn(&Range<usize>) -> usize) -> usize {
        let part = self
            .parts
            .iter()
            .find(|(old, _, _)| offset < old.end)
            .or(self.parts.last());
        match part {
            Some((old, new, true)) => new.start + (offset - old.start).min(new.len()),
            Some((_, new, false)) => side(new),
            None => 0,
        }
    }
}
