//! Edits, and the changes that they make up.
//!
//! Edits are text, not trees: they cross threads and rounds, reach into macro arguments, and leave
//! every byte outside themselves as it was.

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{TextRange, TextSize};

/// Replaces a range of one file. An empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edit {
    /// The file.
    pub file: FileId,
    /// UTF-8 offsets into the text of the round that the edit was made in.
    pub range: TextRange,
    /// What stands there afterwards, with `\n` line ends; applying it takes the file's own.
    pub text: String,
}

/// Edits that are taken whole or not at all. May span files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// In no particular order; they do not overlap.
    pub edits: Vec<Edit>,
    /// Code that is gone afterwards; what else an edit covers is written again.
    pub gone: Vec<(FileId, TextRange)>,
    /// Names that nothing may use afterwards. One goes with the last change that uses it, so that
    /// changes which share a name stay independent of each other.
    pub leftovers: Vec<Leftover>,
    /// Code that it counts on, beside what it edits: what an earlier change did there comes before it.
    /// Imports among it may not be taken away by any change of the round.
    pub used: Vec<Used>,
}

/// Code that a change counts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The file.
    pub file: FileId,
    /// The place.
    pub range: TextRange,
    /// It is written a second time: no other change of the round may edit it, for the copy would be of
    /// what stood there before.
    pub copied: bool,
}

/// A local or an import that only code that goes away may use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leftover {
    /// The file of it and all of its uses.
    pub file: FileId,
    /// The `let` statement, or the member of a `use` item.
    pub binding: TextRange,
    /// Every place that uses the name, or may.
    pub uses: Vec<TextRange>,
}

impl Change {
    /// Replaces `range` of `file`.
    pub fn replace(&mut self, file: FileId, range: TextRange, text: impl Into<String>) {
        self.edits.push(Edit {
            file,
            range,
            text: text.into(),
        });
    }

    /// Inserts at `offset` of `file`.
    pub fn insert(&mut self, file: FileId, offset: TextSize, text: impl Into<String>) {
        self.replace(file, TextRange::empty(offset), text);
    }

    /// Does what another change does as well.
    pub fn extend(&mut self, other: &Change) {
        self.edits.extend(other.edits.iter().cloned());
        self.gone.extend(&other.gone);
        self.leftovers.extend(other.leftovers.iter().cloned());
        self.used.extend(&other.used);
    }

    /// Counts on what stands in `range` of `file`.
    pub fn uses(&mut self, file: FileId, range: TextRange) {
        let copied = false;
        self.used.push(Used {
            file,
            range,
            copied,
        });
    }

    /// Writes what stands in `range` of `file` a second time.
    pub fn copies(&mut self, file: FileId, range: TextRange) {
        let copied = true;
        self.used.push(Used {
            file,
            range,
            copied,
        });
    }

    /// Whether an edit would stand in what is written a second time.
    pub fn is_copied(&self, edit: &Edit) -> bool {
        let mut copied = self.used.iter().filter(|it| it.copied);
        copied.any(|&Used { file, range, .. }| {
            let text = String::new();
            !edit.fits_beside(&Edit { file, range, text })
        })
    }

    /// Deletes `range` of `file`.
    pub fn delete(&mut self, file: FileId, range: TextRange) {
        self.replace(file, range, "");
    }
}

impl Edit {
    /// Whether both can be applied to the same text. Ranges that touch do not overlap; the same
    /// edit twice is one edit; two different insertions at one place have no order, and conflict.
    pub fn fits_beside(&self, other: &Edit) -> bool {
        if self.file != other.file || self == other {
            return true;
        }
        let (a, b) = (self.range, other.range);
        if a.is_empty() && b.is_empty() {
            return a.start() != b.start();
        }
        a.end() <= b.start() || b.end() <= a.start()
    }
}

/// Applies edits of one file to its text. Equal edits count once.
///
/// # Panics
/// If edits overlap or lie outside of `text`.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start(), edit.range.end()));
    sorted.dedup();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        let (start, end) = (
            usize::from(edit.range.start()),
            usize::from(edit.range.end()),
        );
        assert!(at <= start, "overlapping edits");
        out.push_str(&text[at..start]);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}
