//! Which values nobody may hold while a future waits.

use std::sync::LazyLock;

use ra_ap_hir::Adt;
use ra_ap_ide_db::{FxHashMap, FxHashSet, RootDatabase};
use serde::Deserialize;

use super::{Definition, Resolved, last_segment};

/// A row of `knowledge/guards.toml`, which explains the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    #[serde(rename = "type")]
    ty: String,
    /// What is taken for as long as it lives.
    pub holds: Holds,
    made_by: Vec<String>,
}

/// What a guard keeps for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// A lock: who wants it meanwhile stops its thread.
    Lock,
    /// A borrow of a cell: who borrows it meanwhile panics.
    Borrow,
    /// A part of a map: who wants something of it meanwhile stops its thread.
    Shard,
    /// The span that a thread is in.
    Span,
}

static TABLE: LazyLock<Vec<Guard>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        guard: Vec<Guard>,
    }
    let text = include_str!("../../knowledge/guards.toml");
    let file: File = toml::from_str(text).expect("knowledge/guards.toml parses");
    file.guard
});

impl Guard {
    /// The words of which code has one if it makes such a guard, or names its type.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let paths = self.made_by.iter().chain([&self.ty]);
        paths.map(|path| last_segment(path))
    }
}

static WORDS: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    let words = TABLE.iter().flat_map(Guard::words);
    words.map(str::to_owned).collect()
});

/// The words of which code has one if it makes a guard of the table, or names its type.
pub fn guard_words() -> &'static FxHashSet<String> {
    &WORDS
}

/// The types of the table in one crate graph.
pub(super) fn guards(db: &RootDatabase, resolved: &Resolved<'_>) -> FxHashMap<Adt, &'static Guard> {
    let mut guards = FxHashMap::default();
    for row in TABLE.iter() {
        for definition in resolved.definitions(db, &row.ty) {
            if let Definition::Adt(adt) = definition {
                guards.entry(adt).or_insert(row);
            }
        }
    }
    guards
}
