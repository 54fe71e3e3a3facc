//! Which values are a runtime of their own.

use std::sync::LazyLock;

use ra_ap_hir::{Adt, Function};
use ra_ap_ide_db::{FxHashSet, RootDatabase};
use serde::Deserialize;

use super::{Definition, Resolved, last_segment};

/// A row of `knowledge/executors.toml`, which explains the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Executor {
    #[serde(rename = "type")]
    ty: String,
    made_by: Vec<String>,
    lets_go: Vec<String>,
}

static TABLE: LazyLock<Vec<Executor>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        executor: Vec<Executor>,
    }
    let text = include_str!("../../knowledge/executors.toml");
    let file: File = toml::from_str(text).expect("knowledge/executors.toml parses");
    file.executor
});

/// A constructor of many types: its name says nothing.
const COMMON: &str = "new";

static WORDS: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    let paths = TABLE
        .iter()
        .flat_map(|row| row.made_by.iter().chain([&row.ty]));
    paths
        .map(|path| last_segment(path).to_owned())
        .filter(|word| word != COMMON)
        .collect()
});

/// The words of which code has one if it makes a runtime, or names its type.
pub fn executor_words() -> &'static FxHashSet<String> {
    &WORDS
}

/// The table in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Executors {
    pub(super) types: FxHashSet<Adt>,
    pub(super) lets_go: FxHashSet<Function>,
}

impl Executors {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Executors {
        let mut executors = Executors::default();
        for row in TABLE.iter() {
            for path in row.lets_go.iter().chain([&row.ty]) {
                for definition in resolved.definitions(db, path) {
                    match definition {
                        Definition::Adt(adt) => drop(executors.types.insert(adt)),
                        Definition::Function(it) => drop(executors.lets_go.insert(it)),
                        _ => {}
                    }
                }
            }
        }
        executors
    }
}
