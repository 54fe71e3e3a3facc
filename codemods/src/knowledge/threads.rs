//! Which functions of other crates stop the thread that they are called on.

use ra_ap_hir::{Adt, AsAssocItem, AssocItemContainer, Crate, Function, HasCrate, Module, Trait};
use ra_ap_ide_db::{FxHashMap, FxHashSet, RootDatabase};

use super::{Definition, Resolved};

/// What a function does to the thread that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits<'a> {
    /// It stops the thread; the row that says so.
    Stops(&'a str),
    /// It gives the thread back soon.
    No,
    /// No table speaks of it.
    Unknown,
}

/// The tables about threads, resolved in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Threads {
    functions: FxHashMap<Function, String>,
    adts: FxHashMap<Adt, String>,
    traits: FxHashMap<Trait, String>,
    modules: FxHashMap<Module, String>,
    /// Crates of which everything else is known not to stop a thread.
    known: FxHashSet<Crate>,
}

impl Threads {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Threads {
        let knowledge = resolved.knowledge;
        let mut threads = Threads::default();
        for row in &knowledge.blocking_crates {
            for call in &row.calls {
                threads.add(db, resolved, &format!("{}::{call}", row.path));
            }
        }
        for path in knowledge.nonblocking.iter().flat_map(|row| &row.except) {
            threads.add(db, resolved, path);
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

    fn add(&mut self, db: &RootDatabase, resolved: &Resolved<'_>, path: &str) {
        for definition in resolved.definitions(db, path) {
            let path = path.to_owned();
            match definition {
                Definition::Function(it) => drop(self.functions.insert(it, path)),
                Definition::Adt(it) => drop(self.adts.insert(it, path)),
                Definition::Trait(it) => drop(self.traits.insert(it, path)),
                Definition::Module(it) => drop(self.modules.insert(it, path)),
                Definition::Macro(_) => {}
            }
        }
    }

    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Waits<'_> {
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
        let row = row.or_else(|| {
            let modules = function.module(db).path_to_root(db);
            modules.iter().find_map(|module| self.modules.get(module))
        });
        match row {
            Some(row) => Waits::Stops(row),
            None if self.knows(function.krate(db)) => Waits::No,
            None => Waits::Unknown,
        }
    }

    pub(super) fn knows(&self, krate: Crate) -> bool {
        self.known.contains(&krate)
    }
}
