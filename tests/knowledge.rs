//! Every path in the tables is one that the real crates have.
//!
//! `tests/knowledge` has a package for each group of crates. They are loaded and never built; the
//! network is needed for the crates alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ra_ap_hir::{Crate, ItemInNs, ModuleDef, Symbol, attach_db, resolve_absolute_path};
use ra_ap_ide_db::RootDatabase;
use rayon::prelude::*;
use toml::{Table, Value};
use unpark::{
    cargo::Project,
    options::{CargoOptions, Options},
    workspace::Workspace,
};
use unpark_codemods::knowledge::{BUILT_IN, Definition, resolve};

use crate::support::stage::in_pool;

/// What a path may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Function,
    Macro,
    Type,
    Trait,
    Module,
}

use Kind::{Function, Macro, Module, Trait, Type};

const ANY: &[Kind] = &[Function, Macro, Type, Trait, Module];

/// One path of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    file: String,
    path: String,
    wanted: &'static [Kind],
}

#[test]
fn every_path_is_one_of_the_real_crates() {
    let mut open = rows();
    // An empty walk would let everything pass.
    assert!(open.len() > 500, "only {} paths were found", open.len());
    for group in groups() {
        in_pool(2, || {
            let workspace = load(&group);
            let found = stand_for(&workspace.db, &paths(&open));
            open.retain(|row| {
                let kinds = &found[&row.path];
                !row.wanted.iter().any(|kind| kinds.contains(kind))
            });
            if group.ends_with("blocking") {
                the_flag_unstable_is_true_to_tokio(&workspace.db);
            }
        });
    }
    let missing: String = open
        .iter()
        .map(|row| format!("{}: {} is no {:?}\n", row.file, row.path, row.wanted))
        .collect();
    assert!(
        missing.is_empty(),
        "no group of tests/knowledge has\n{missing}"
    );
}

#[test]
fn every_equivalent_is_of_a_call_that_blocks() {
    let mut blocking: BTreeSet<String> = BTreeSet::new();
    blocking.extend(BUILT_IN.blocking.iter().map(|row| row.path.clone()));
    for row in &BUILT_IN.blocking_crates {
        blocking.extend(row.calls.iter().map(|call| format!("{}::{call}", row.path)));
    }
    let unknown: Vec<&str> = BUILT_IN
        .equivalents
        .iter()
        .map(|row| row.of.as_str())
        .filter(|of| !blocking.contains(*of))
        .collect();
    assert!(BUILT_IN.equivalents.len() > 80);
    assert!(unknown.is_empty(), "nothing blocks at {unknown:?}");
}

/// A row without the flag has to be there for everybody, and one with it only for those who set
/// the cfg. The group is loaded without it.
fn the_flag_unstable_is_true_to_tokio(db: &RootDatabase) {
    let apis = BUILT_IN
        .apis
        .iter()
        .filter(|api| api.path.starts_with("tokio::") || api.path.starts_with("tokio_util::"));
    let wrong: Vec<_> = apis
        .filter(|api| attach_db(db, || resolve(db, &api.path)).is_empty() != api.unstable)
        .map(|api| (&api.path, api.unstable))
        .collect();
    assert!(wrong.is_empty(), "`unstable` is wrong for {wrong:#?}");
}

fn groups() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/knowledge");
    let mut groups: Vec<PathBuf> = fs::read_dir(root)
        .expect("there are groups")
        .map(|entry| entry.expect("a group").path())
        .collect();
    groups.sort();
    groups
}

fn load(group: &Path) -> Workspace {
    let manifest = group.join("Cargo.toml");
    let options = Options {
        cargo: CargoOptions {
            locked: true,
            ..CargoOptions::default()
        },
        ..Options::default()
    };
    let project = Project::of(&manifest, &options.cargo).expect("a group is a package");
    let (workspace, report) =
        Workspace::load(project, &manifest, &options, &|note| println!("{note}"))
            .expect("a group loads");
    assert_eq!(report.untyped, None, "{} has no types", group.display());
    workspace
}

fn paths(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().map(|row| row.path.clone()).collect()
}

/// What each path stands for in a crate graph.
fn stand_for(db: &RootDatabase, paths: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<Kind>> {
    paths
        .par_iter()
        .map_with(db.clone(), |db, path| {
            let kinds = attach_db(db, || kinds(db, path));
            (path.clone(), kinds)
        })
        .collect()
}

fn kinds(db: &RootDatabase, path: &str) -> BTreeSet<Kind> {
    let mut kinds: BTreeSet<Kind> = resolve(db, path)
        .into_iter()
        .map(|definition| match definition {
            Definition::Function(_) => Function,
            Definition::Macro(_) => Macro,
            Definition::Adt(_) => Type,
            Definition::Trait(_) => Trait,
            Definition::Module(_) => Module,
        })
        .collect();
    // Modules and crates are no definitions, but a table may name one.
    let is_module = if path.contains("::") {
        resolve_absolute_path(db, path.split("::").map(Symbol::intern))
            .any(|item| matches!(item, ItemInNs::Types(ModuleDef::Module(_))))
    } else {
        Crate::all(db).into_iter().any(|krate| {
            krate
                .display_name(db)
                .is_some_and(|name| name.crate_name().symbol().as_str() == path)
        })
    };
    if is_module {
        kinds.insert(Module);
    }
    kinds
}

/// Every path of every table, from the files as they are: also of sections that nobody reads yet.
fn rows() -> Vec<Row> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("codemods/knowledge");
    let mut rows = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of tables") {
            let path = entry.expect("a table").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).expect("it is below");
            let text = fs::read_to_string(&path).expect("a table is read");
            let table: Table = text.parse().expect("a table parses");
            let mut walk = Walk {
                file: format!("codemods/knowledge/{}", name.display()),
                rows: &mut rows,
            };
            for (section, value) in &table {
                walk.value(section, "", value);
            }
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

struct Walk<'a> {
    file: String,
    rows: &'a mut Vec<Row>,
}

impl Walk<'_> {
    fn value(&mut self, section: &str, key: &str, value: &Value) {
        match value {
            Value::Table(table) => self.table(section, table),
            Value::Array(values) => {
                for value in values {
                    self.value(section, key, value);
                }
            }
            Value::String(text) => {
                let wanted: Option<&'static [Kind]> = match (section, key) {
                    ("entry" | "join" | "logger" | "waits", "path") => Some(&[Macro]),
                    ("reads" | "ordered", "path") => Some(ANY),
                    ("cancels" | "blocking", "path") => Some(&[Function, Macro]),
                    ("blocking-crate" | "heavy", "path") | ("crate", "name") => Some(&[Module]),
                    // A private module often has the name of the function beside it, so that the
                    // kind matters: `smol::spawn`, `futures::future::select`.
                    (_, "path") => Some(&[Function]),
                    (_, "type") => Some(&[Type, Trait]),
                    (_, "join") => Some(&[Type]),
                    (_, "implements" | "traits") => Some(&[Trait]),
                    (_, "except") => Some(ANY),
                    // Whatever else looks like a path is one.
                    _ if is_path(text) => Some(ANY),
                    _ => None,
                };
                if let Some(wanted) = wanted {
                    self.add(text.clone(), wanted);
                }
            }
            _ => {}
        }
    }

    fn table(&mut self, section: &str, table: &Table) {
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        if section == "equivalent" {
            return self.equivalent(table);
        }
        if let (Some(krate), Some(name)) = (text("krate"), text("name")) {
            self.add(format!("{krate}::{name}"), &[Macro]);
        }
        for (key, value) in table {
            match (key.as_str(), text("path"), value.as_array()) {
                // Written from the path on.
                ("calls", Some(path), Some(calls)) => {
                    for call in calls {
                        let call = call.as_str().expect("a call is a path");
                        let wanted = match section {
                            "reads" | "ordered" => ANY,
                            _ => &[Function, Type, Trait],
                        };
                        self.add(format!("{path}::{call}"), wanted);
                    }
                }
                _ => self.value(section, key, value),
            }
        }
    }

    /// What takes the place of a call: a function, the same one of several, or a type with them.
    fn equivalent(&mut self, table: &Table) {
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        let calls = table.get("calls").and_then(Value::as_array);
        let calls = calls.into_iter().flatten().filter_map(Value::as_str);
        let (ty, path) = (text("type"), text("path"));
        let owner = path.or(ty).expect("an equivalent has a path or a type");
        let of_calls: Vec<String> = calls.map(|call| format!("{owner}::{call}")).collect();
        match path {
            Some(path) if of_calls.is_empty() => self.add(path.to_owned(), &[Function]),
            _ => {}
        }
        for path in of_calls {
            self.add(path, &[Function]);
        }
        if let Some(ty) = ty {
            self.add(ty.to_owned(), &[Type]);
            if text("shape") == Some("builder") {
                self.add(format!("{ty}::new"), &[Function]);
            }
        }
    }

    fn add(&mut self, path: String, wanted: &'static [Kind]) {
        let file = self.file.clone();
        self.rows.push(Row { file, path, wanted });
    }
}

fn is_path(text: &str) -> bool {
    text.contains("::")
        && text.split("::").all(|segment| {
            !segment.is_empty()
                && segment
                    .chars()
                    .all(|char| char.is_alphanumeric() || char == '_')
        })
}
