//! The text of a file through the rounds of a run, and the way back to the text it had.
//!
//! A piece table: the text is a list of pieces, each a range of the original or something that a
//! change inserted. It gives the text of a round, the place in the original of any offset, and the
//! edits that turn the original into the result.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use serde::Serialize;

/// A file's text and what has been changed of it.
#[derive(Debug, Clone)]
pub struct Overlay {
    original: Arc<str>,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Original(Range<usize>),
    Inserted { text: String, by: usize },
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Original(range) => range.len(),
            Piece::Inserted { text, .. } => text.len(),
        }
    }

    /// Cuts a piece in two at an offset within it.
    fn split(self, at: usize) -> (Piece, Piece) {
        match self {
            Piece::Original(Range { start, end }) => (
                Piece::Original(start..start + at),
                Piece::Original(start + at..end),
            ),
            Piece::Inserted { mut text, by } => {
                let rest = Piece::Inserted {
                    text: text.split_off(at),
                    by,
                };
                (Piece::Inserted { text, by }, rest)
            }
        }
    }
}

/// Replaces a range of a text, in UTF-8 offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// Where the replaced range starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What stands there afterwards.
    pub replacement: String,
}

impl Overlay {
    /// An unchanged file.
    pub fn new(original: Arc<str>) -> Overlay {
        let all = Piece::Original(0..original.len());
        Overlay {
            original,
            pieces: vec![all],
        }
    }

    /// The text before any change.
    pub fn original(&self) -> &Arc<str> {
        &self.original
    }

    /// Whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        self.edits().is_empty()
    }

    /// The text of this round.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.pieces.iter().map(Piece::len).sum());
        for piece in &self.pieces {
            match piece {
                Piece::Original(range) => text.push_str(&self.original[range.clone()]),
                Piece::Inserted { text: inserted, .. } => text.push_str(inserted),
            }
        }
        text
    }

    /// Applies the replacements of one change to the text of this round. They may touch, and are
    /// given in the order of their places; `by` is remembered with what they insert.
    ///
    /// # Panics
    /// If they overlap, are out of order, or lie outside of the text.
    pub fn apply(&mut self, replacements: &[Replacement], by: usize) {
        for replacement in replacements.iter().rev() {
            self.replace(
                replacement.start..replacement.end,
                &replacement.replacement,
                by,
            );
        }
    }

    /// Whose insertions stand in, or at the edges of, a range of this round's text.
    pub fn writers(&self, range: Range<usize>) -> BTreeSet<usize> {
        let mut at = 0;
        let mut writers = BTreeSet::new();
        for piece in &self.pieces {
            let (start, end) = (at, at + piece.len());
            at = end;
            if let Piece::Inserted { by, .. } = piece
                && start <= range.end
                && range.start <= end
            {
                writers.insert(*by);
            }
        }
        writers
    }

    /// What was inserted: its place in this round's text, and by whom.
    pub fn insertions(&self) -> Vec<(Range<usize>, usize)> {
        let mut at = 0;
        let mut insertions = Vec::new();
        for piece in &self.pieces {
            let start = at;
            at += piece.len();
            if let Piece::Inserted { by, .. } = piece {
                insertions.push((start..at, *by));
            }
        }
        insertions
    }

    fn replace(&mut self, range: Range<usize>, text: &str, by: usize) {
        let insertion = Piece::Inserted {
            text: text.to_owned(),
            by,
        };
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        let mut inserted = false;
        let mut at = 0;
        for piece in self.pieces.drain(..) {
            let (start, end) = (at, at + piece.len());
            at = end;
            if end <= range.start && !(end == range.start && start == end) {
                pieces.push(piece);
                continue;
            }
            let mut rest = Some(piece);
            if start < range.start {
                let (before, after) = rest.take().expect("just set").split(range.start - start);
                pieces.push(before);
                rest = Some(after);
            }
            if !inserted {
                inserted = true;
                pieces.push(insertion.clone());
            }
            let rest_start = start.max(range.start);
            if let Some(rest) = rest {
                let cut = range.end.saturating_sub(rest_start).min(rest.len());
                let (_, after) = rest.split(cut);
                if after.len() > 0 {
                    pieces.push(after);
                }
            }
        }
        assert!(range.end <= at, "a replacement outside of the text");
        if !inserted {
            pieces.push(insertion.clone());
        }
        pieces.retain(|piece| piece.len() > 0);
        self.pieces = pieces;
    }

    /// Where in the original the offset of this round's text stands. Within inserted text it is
    /// the place of the insertion.
    pub fn to_original(&self, offset: usize) -> usize {
        let (mut at, mut original) = (0, 0);
        for piece in &self.pieces {
            let end = at + piece.len();
            if let Piece::Original(range) = piece {
                if offset < end {
                    return range.start + (offset - at);
                }
                original = range.end;
            } else if offset < end {
                return original;
            }
            at = end;
        }
        original.max(if offset >= at { self.original.len() } else { 0 })
    }

    /// Where an offset of the original stands in this round's text. `None` if what stood there was replaced.
    pub fn to_current(&self, original: usize) -> Option<usize> {
        let mut at = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Original(range) if range.contains(&original) => {
                    return Some(at + original - range.start);
                }
                _ => at += piece.len(),
            }
        }
        None
    }

    /// The edits that turn the original into this round's text, in order, none touching another.
    pub fn edits(&self) -> Vec<Replacement> {
        let mut edits: Vec<Replacement> = Vec::new();
        let mut push = |start: usize, end: usize, replacement: String| {
            if start != end || !replacement.is_empty() {
                edits.push(Replacement {
                    start,
                    end,
                    replacement,
                });
            }
        };
        let (mut at, mut pending) = (0, String::new());
        for piece in &self.pieces {
            match piece {
                Piece::Inserted { text, .. } => pending.push_str(text),
                // Two pieces that lie side by side in the original are not a place of change.
                Piece::Original(range) if range.start == at && pending.is_empty() => at = range.end,
                Piece::Original(range) => {
                    push(at, range.start, std::mem::take(&mut pending));
                    at = range.end;
                }
            }
        }
        push(at, self.original.len(), pending);
        edits.retain(|edit| self.original[edit.start..edit.end] != edit.replacement);
        edits
    }
}
