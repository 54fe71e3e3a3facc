//! Calls that compute for long, as `knowledge/heavy/*.toml` has them. `crates.toml` explains the fields.

use serde::Deserialize;

use super::{BlockingCrate, BlockingKind};

/// What the time of a heavy call goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A hash that is slow on purpose.
    Password,
    /// The search for primes.
    Key,
    /// Packing or unpacking bytes.
    Compression,
    /// Packing or unpacking files.
    Archive,
    /// Going over pixels.
    Image,
    /// Going over the pixels of a file.
    ImageFile,
    /// Reading the source of a program.
    Parsing,
    /// Making machine code.
    Compiling,
    /// Waiting for threads that compute.
    Parallel,
    /// Compiling a regular expression: heavy only where that is done again and again.
    Pattern,
    /// What the user says takes long.
    #[serde(skip)]
    Stated,
}

impl Work {
    /// Whether it goes over the bytes that it is given first.
    pub fn takes_bytes(self) -> bool {
        matches!(self, Work::Compression | Work::Image | Work::Parsing)
    }

    /// Whether it does nothing but compute.
    pub fn is_pure(self) -> bool {
        !matches!(self, Work::Archive | Work::ImageFile | Work::Stated)
    }
}

/// One file of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeavyFile {
    heavy: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    kind: Work,
    trigger: Option<String>,
    calls: Vec<String>,
}

impl HeavyFile {
    /// The rows, as ones of what stops a thread.
    pub(super) fn crates(self) -> impl Iterator<Item = BlockingCrate> {
        self.heavy.into_iter().map(|row| BlockingCrate {
            path: row.path,
            kind: BlockingKind::Computes(row.kind),
            cheap: false,
            trigger: row.trigger,
            calls: row.calls,
        })
    }
}
