//! Lines and columns in the files as they were, for formats that want them of edits too.

use std::{collections::BTreeMap, path::Path};

use crate::{
    outcome::{Outcome, Reason},
    overlay::Replacement,
    source::{Lines, Position},
};

/// The lines of every file that was looked at.
#[derive(Debug)]
pub struct Places<'a>(BTreeMap<&'a Path, Lines<'a>>);

impl<'a> Places<'a> {
    /// Those of an outcome.
    pub fn of(outcome: &'a Outcome) -> Places<'a> {
        let files = outcome.sources.iter().map(|(path, source)| {
            let lines = Lines::new(&source.text, source.shift());
            (path.as_path(), lines)
        });
        Places(files.collect())
    }

    /// The lines of a file, if it was looked at.
    pub fn lines(&self, path: &Path) -> Option<&Lines<'a>> {
        self.0.get(path)
    }

    /// Where an edit begins and ends.
    pub fn of_edit(&self, path: &Path, edit: &Replacement) -> Option<(Position, Position)> {
        let lines = self.lines(path)?;
        Some((lines.position(edit.start), lines.position(edit.end)))
    }

    /// The line that a reason speaks of, without the space around its text.
    pub fn of_reason(&self, reason: &Reason) -> Option<(Position, Position)> {
        let lines = self.lines(&reason.path)?;
        let text = lines.line(reason.line);
        let range = lines.range(reason.line);
        let start = range.start + (text.len() - text.trim_start().len());
        let end = range.start + text.trim_end().len();
        Some((lines.position(start), lines.position(end.max(start))))
    }
}
