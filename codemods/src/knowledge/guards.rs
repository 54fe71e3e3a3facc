//! Which values nobody may hold while a future waits.

use std::sync::LazyLock;

use ra_ap_hir::Adt;
use ra_ap_ide_db::{FxHashSet, RootDatabase};
use serde::Deserialize;

use super::{Definition, Resolved};

#[derive(Deserialize)]
struct File {
    guard: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "type")]
    ty: String,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let text = include_str!("../../knowledge/guards.toml");
    let file: File = toml::from_str(text).expect("knowledge/guards.toml parses");
    file.guard
});

/// The types of the table in one crate graph.
pub(super) fn guards(db: &RootDatabase, resolved: &Resolved<'_>) -> FxHashSet<Adt> {
    let paths = TABLE.iter().map(|row| row.ty.as_str());
    paths
        .flat_map(|path| resolved.definitions(db, path))
        .filter_map(|definition| match definition {
            Definition::Adt(adt) => Some(adt),
            _ => None,
        })
        .collect()
}
