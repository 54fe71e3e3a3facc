//! What a call leaves behind, as `knowledge/effects.toml` has it, which explains the fields.

use std::sync::LazyLock;

use ra_ap_hir::{Adt, Crate, Function, HasCrate};
use ra_ap_ide_db::{FxHashSet, RootDatabase};
use serde::Deserialize;

use super::{Definition, Resolved, rows::Rows, threads::crates_named};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "crate")]
    crates: Vec<Pure>,
    reads: Vec<Calls>,
    ordered: Vec<Calls>,
    decides: Vec<Decides>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pure {
    name: String,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    path: String,
    #[serde(default)]
    calls: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decides {
    #[serde(rename = "type")]
    ty: String,
}

static TABLE: LazyLock<File> = LazyLock::new(|| {
    let text = include_str!("../../knowledge/effects.toml");
    toml::from_str(text).expect("knowledge/effects.toml parses")
});

impl Calls {
    fn paths(&self) -> Vec<String> {
        match self.calls.as_slice() {
            [] => vec![self.path.clone()],
            calls => {
                let calls = calls.iter();
                calls.map(|it| format!("{}::{it}", self.path)).collect()
            }
        }
    }
}

/// What a call leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that another call could see.
    Reads,
    /// The same, as the user says.
    Stated,
    /// It counts which one comes first.
    Ordered,
    /// No table speaks of it.
    Unknown,
}

/// The table in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Effects {
    rows: Rows<Effect>,
    /// The types whose values decide what a later call does.
    pub(super) decides: FxHashSet<Adt>,
    /// Crates of which everything else only computes.
    pub(super) pure: FxHashSet<Crate>,
}

impl Effects {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Effects {
        let mut effects = Effects::default();
        let table = &*TABLE;
        // The first row of a function counts.
        for path in &resolved.knowledge.reads {
            effects.rows.add(db, resolved, path, &Effect::Stated);
        }
        for path in table.reads.iter().flat_map(Calls::paths) {
            effects.rows.add(db, resolved, &path, &Effect::Reads);
        }
        let except = table.crates.iter().flat_map(|row| row.except.clone());
        for path in except.chain(table.ordered.iter().flat_map(Calls::paths)) {
            effects.rows.add(db, resolved, &path, &Effect::Ordered);
        }
        for row in &table.decides {
            for definition in resolved.definitions(db, &row.ty) {
                if let Definition::Adt(adt) = definition {
                    effects.decides.insert(adt);
                }
            }
        }
        let names = table.crates.iter().map(|row| row.name.as_str()).collect();
        effects.pure = crates_named(db, &names);
        effects
    }

    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Effect {
        match self.rows.of(db, function) {
            Some(effect) => *effect,
            None if self.pure.contains(&function.krate(db)) => Effect::Reads,
            None => Effect::Unknown,
        }
    }
}
