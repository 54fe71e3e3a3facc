//! What was taken back, and what was ended after an interruption, in a few lines for people.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Palette, count};
use crate::{
    commit::{Direction, Kind, Recovered, Settled},
    outcome::relative,
};

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Recovery<'a> {
    /// The folder that paths are shown relative to.
    pub here: &'a Path,
    /// Name every file.
    pub verbose: bool,
    /// The styles.
    pub palette: Palette,
}

impl Recovery<'_> {
    /// Writes what became of something that was interrupted.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn recovered(self, it: &Recovered, out: &mut dyn Write) -> io::Result<()> {
        let note = self.palette.note;
        let what = match (it.kind, it.direction) {
            (Kind::Apply, Direction::Forward) => "finished an `--apply` that was interrupted",
            (Kind::Apply, Direction::Back) => {
                "took back an `--apply` that was interrupted, as a file of it was edited since"
            }
            (Kind::Trial, _) => "took back what an interrupted `--verify=in-place` had tried",
            (Kind::Undo, _) => "finished an undo that was interrupted",
        };
        let files = count(it.settled.written.len(), "file");
        writeln!(out, "{note}note{note:#}: {what}: wrote {files}")?;
        self.files(&it.settled, out)
    }

    /// Writes what was taken back.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn undone(self, settled: &Settled, out: &mut dyn Write) -> io::Result<()> {
        let files = count(settled.written.len(), "file");
        writeln!(out, "took back the last `--apply`: {files} as before")?;
        self.files(settled, out)?;
        if !settled.left.is_empty() {
            let help = self.palette.help;
            writeln!(
                out,
                "{help}help{help:#}: without what was edited since, `unpark undo` takes the rest \
                 back"
            )?;
        }
        Ok(())
    }

    fn files(self, settled: &Settled, out: &mut dyn Write) -> io::Result<()> {
        if self.verbose {
            for path in &settled.written {
                writeln!(out, "  {}", relative(path, self.here))?;
            }
        }
        let warning = self.palette.warning;
        for left in &settled.left {
            let (path, reason) = (relative(&left.path, self.here), &left.reason);
            writeln!(
                out,
                "{warning}warning{warning:#}: {path} was left as it is: {reason}"
            )?;
        }
        Ok(())
    }
}
