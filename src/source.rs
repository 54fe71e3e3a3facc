//! The bytes of a user's file, and what is kept of their form.

use std::sync::Arc;

const BOM: &str = "\u{feff}";

/// A file as it was read. The text is without the byte order mark.
#[derive(Debug, Clone)]
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

    /// The text of a line, counted from 1, without its end.
    pub fn line(&self, line: usize) -> &'a str {
        let start = self.starts[line - 1];
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }
}
