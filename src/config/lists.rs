//! The lists of functions that a user knows more about: `[[wrapper]]`, `[[blocking]]` and their like.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use unpark_codemods::knowledge::{Knowledge, StatedShape, WrapperKind};

use super::words::check_keys;

/// A function of the user's own that spawns, offloads or blocks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// What it does.
    pub is: WrapperKind,
}

/// A function that blocks the thread which calls it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocking {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// The path of what takes its place in async code.
    pub equivalent: Option<String>,
    /// How much of a call changes.
    #[serde(default = "offload")]
    pub shape: StatedShape,
}

fn offload() -> StatedShape {
    StatedShape::Offload
}

/// A function that the user knows more about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its path, from the name of its crate on.
    pub path: String,
    /// How the user knows.
    pub reason: Option<String>,
}

/// A list of functions of the user's own.
#[derive(Debug)]
pub struct List {
    /// Its key.
    pub name: &'static str,
    /// What a row may say.
    pub keys: &'static [&'static str],
}

const NAMED: &[&str] = &["path", "reason"];

/// The lists that a configuration may have.
pub const LISTS: &[List] = &[
    List {
        name: "blocking",
        keys: &["path", "equivalent", "shape"],
    },
    List {
        name: "cheap",
        keys: NAMED,
    },
    List {
        name: "cpu-bound",
        keys: NAMED,
    },
    List {
        name: "observed",
        keys: NAMED,
    },
    List {
        name: "reads",
        keys: NAMED,
    },
    List {
        name: "wrapper",
        keys: &["path", "is"],
    },
];

/// All that a configuration says of functions.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    /// Those that spawn, offload or block.
    pub wrappers: Vec<Wrapper>,
    /// Those that block.
    pub blocking: Vec<Blocking>,
    /// Those that compute for long.
    pub cpu_bound: Vec<Named>,
    /// Those that are cheap.
    pub cheap: Vec<Named>,
    /// Those that see to the error of a task.
    pub observed: Vec<Named>,
    /// Those that only read.
    pub reads: Vec<Named>,
}

impl Functions {
    /// Reads the lists of a configuration.
    pub(super) fn read(table: &toml::Table) -> Result<Functions> {
        for list in LISTS {
            let rows = table.get(list.name).and_then(toml::Value::as_array);
            for row in rows.into_iter().flatten().filter_map(toml::Value::as_table) {
                let what = format!("key of [[{}]]", list.name);
                check_keys(row.keys(), list.keys, &what)?;
            }
        }
        let functions = Functions {
            wrappers: rows(table, "wrapper")?,
            blocking: rows(table, "blocking")?,
            cpu_bound: rows(table, "cpu-bound")?,
            cheap: rows(table, "cheap")?,
            observed: rows(table, "observed")?,
            reads: rows(table, "reads")?,
        };
        for row in &functions.blocking {
            let needs = matches!(
                row.shape,
                StatedShape::DropIn | StatedShape::Renamed | StatedShape::Signature
            );
            if needs != row.equivalent.is_some() {
                bail!(
                    "[[blocking]] of `{}`: `equivalent` goes with the shapes `drop-in`, `renamed` and \
                     `signature`, and with no other",
                    row.path
                );
            }
        }
        Ok(functions)
    }

    /// Adds them to the tables.
    pub(super) fn add_to(&self, knowledge: &mut Knowledge) {
        for wrapper in &self.wrappers {
            knowledge.add_wrapper(&wrapper.path, wrapper.is);
        }
        for row in &self.blocking {
            knowledge.add_blocking(&row.path, row.shape, row.equivalent.as_deref());
        }
        for row in &self.cpu_bound {
            knowledge.add_cpu_bound(&row.path, row.reason.as_deref());
        }
        for row in &self.cheap {
            knowledge.add_cheap(&row.path);
        }
        for row in &self.observed {
            knowledge.add_observed(&row.path);
        }
        for row in &self.reads {
            knowledge.add_reads(&row.path);
        }
    }
}

/// The tables of an array.
fn rows<T: serde::de::DeserializeOwned>(table: &toml::Table, key: &str) -> Result<Vec<T>> {
    match table.get(key) {
        Some(rows) => rows
            .clone()
            .try_into()
            .with_context(|| format!("[[{key}]]")),
        None => Ok(Vec::new()),
    }
}
