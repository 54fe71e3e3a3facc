//! Which functions of other crates stop the thread that they are called on.

use ra_ap_hir::{Adt, AsAssocItem, AssocItemContainer, Crate, Function, HasCrate, Module, Trait};
use ra_ap_ide_db::{FxHashMap, FxHashSet, RootDatabase};

use super::{BlockingKind, Definition, Resolved, Work};

/// What a function does to the thread that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits<'a> {
    /// It stops the thread; the row that says so.
    Stops(&'a str),
    /// It computes for long; the row that says so.
    Computes(&'a str, Work),
    /// It gives the thread back soon.
    No,
    /// No table speaks of it.
    Unknown,
}

/// What stops a thread.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its path.
    pub path: String,
    /// What it waits for, and whether it is cheap; of some it is only known that they may wait.
    pub kind: Option<(BlockingKind, bool)>,
}

/// The tables about threads, resolved in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Threads {
    functions: FxHashMap<Function, Row>,
    adts: FxHashMap<Adt, Row>,
    traits: FxHashMap<Trait, Row>,
    modules: FxHashMap<Module, Row>,
    /// Crates of which everything else is known not to stop a thread.
    known: FxHashSet<Crate>,
}

impl Threads {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Threads {
        let knowledge = resolved.knowledge;
        let mut threads = Threads::default();
        for row in &knowledge.blocking_crates {
            for call in &row.calls {
                let path = format!("{}::{call}", row.path);
                threads.add(db, resolved, &path, Some((row.kind, row.cheap)));
            }
        }
        for path in knowledge.nonblocking.iter().flat_map(|row| &row.except) {
            threads.add(db, resolved, path, None);
        }
        let names: FxHashSet<&str> = knowledge
            .nonblocking
            .iter()
            .map(|row| row.name.as_str())
            .chain(["std", "proc_macro"])
            .collect();
        threads.known = Crate::all(db)
            .into_iter()
            .filter(|krate| {
                let name = krate.display_name(db);
                name.is_some_and(|name| names.contains(name.crate_name().as_str()))
            })
            .collect();
        threads
    }

    fn add(
        &mut self,
        db: &RootDatabase,
        resolved: &Resolved<'_>,
        path: &str,
        kind: Option<(BlockingKind, bool)>,
    ) {
        for definition in resolved.definitions(db, path) {
            let path = path.to_owned();
            let row = Row { path, kind };
            match definition {
                // Some paths name what another crate passes on; the first one is its own.
                Definition::Function(it) => drop(self.functions.entry(it).or_insert(row)),
                Definition::Adt(it) => drop(self.adts.insert(it, row)),
                Definition::Trait(it) => drop(self.traits.insert(it, row)),
                Definition::Module(it) => drop(self.modules.insert(it, row)),
                Definition::Macro(_) => {}
            }
        }
    }

    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Waits<'_> {
        let row = self.row(db, function);
        match row.map(|row| (row.kind.map(|(kind, _)| kind), &row.path)) {
            Some((Some(BlockingKind::Computes(work)), path)) if work != Work::Pattern => {
                Waits::Computes(path, work)
            }
            Some((None, path)) => Waits::Stops(path),
            Some((Some(kind), path)) if kind.work().is_none() => Waits::Stops(path),
            _ if self.knows(function.krate(db)) => Waits::No,
            _ => Waits::Unknown,
        }
    }

    /// What stops the thread in a function.
    pub(super) fn row(&self, db: &RootDatabase, function: Function) -> Option<&Row> {
        let row = self.functions.get(&function).or_else(|| {
            match function.as_assoc_item(db).map(|item| item.container(db)) {
                Some(AssocItemContainer::Trait(it)) => self.traits.get(&it),
                Some(AssocItemContainer::Impl(it)) => {
                    let trait_ = it.trait_(db).and_then(|trait_| self.traits.get(&trait_));
                    let adt = it.self_ty(db).as_adt();
                    trait_.or_else(|| self.adts.get(&adt?))
                }
                None => None,
            }
        });
        row.or_else(|| {
            let modules = function.module(db).path_to_root(db);
            modules.iter().find_map(|module| self.modules.get(module))
        })
    }

    pub(super) fn knows(&self, krate: Crate) -> bool {
        self.known.contains(&krate)
    }
}
