//! What a user says of functions, under `[[blocking]]`, `[[cpu-bound]]`, `[[cheap]]`, `[[observed]]`
//! and `[[reads]]`.

use serde::Deserialize;

use super::{
    Blocking, BlockingKind, BlockingWord, Equivalent, InAsync, Knowledge, Shape, Work, last_segment,
};

/// What takes the place of a function that a user says blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatedShape {
    /// A function of the same arguments, awaited for the same value.
    DropIn,
    /// A method of the same receiver and the same arguments, awaited for the same value.
    Renamed,
    /// What changes more than the call.
    Signature,
    /// Nothing: the call goes where it may block.
    Offload,
    /// Nothing: the call is left as it is.
    Leave,
}

impl Knowledge {
    /// Adds a function that the user says blocks, and what takes its place.
    pub fn add_blocking(&mut self, path: &str, shape: StatedShape, equivalent: Option<&str>) {
        // What the tables have in its place counts no more.
        self.equivalents.retain(|row| row.of != path);
        let shape = match shape {
            StatedShape::DropIn => Some(Shape::DropIn),
            StatedShape::Renamed => Some(Shape::Renamed),
            StatedShape::Signature => Some(Shape::OtherType),
            StatedShape::Offload => None,
            StatedShape::Leave => return self.add_cheap(path),
        };
        self.add_stated(path, BlockingKind::Stated, None);
        let row = shape.zip(equivalent);
        self.equivalents
            .extend(row.map(|(shape, to)| Equivalent::stated(path, to, shape)));
    }

    /// Adds a function that the user says computes for long.
    pub fn add_cpu_bound(&mut self, path: &str, reason: Option<&str>) {
        self.add_stated(path, BlockingKind::Computes(Work::Stated), reason);
    }

    /// Adds a function that the user says is cheap, whatever it does.
    pub fn add_cheap(&mut self, path: &str) {
        self.cheap.push(path.to_owned());
    }

    /// Adds a function that the user says sees to the error of a task.
    pub fn add_observed(&mut self, path: &str) {
        self.observed.push(path.to_owned());
    }

    /// Adds a function that the user says leaves nothing behind.
    pub fn add_reads(&mut self, path: &str) {
        self.reads.push(path.to_owned());
    }

    fn add_stated(&mut self, path: &str, kind: BlockingKind, reason: Option<&str>) {
        let row = Blocking {
            path: path.to_owned(),
            kind,
            in_async: InAsync::Blocks,
            when: None,
            // Code beside it names neither its crate nor its module.
            trigger: Some(last_segment(path).to_owned()),
            cheap: false,
            reason: reason.map(str::to_owned),
        };
        self.blocking_words.push(BlockingWord::of(&row));
        self.blocking.push(row);
    }
}
