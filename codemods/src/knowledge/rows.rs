//! What a table says of functions: of each by itself, or of all of a type, a trait or a module.

use ra_ap_hir::{Adt, AsAssocItem, AssocItemContainer, Function, Module, Trait};
use ra_ap_ide_db::{FxHashMap, RootDatabase};

use super::{Definition, Resolved};

/// Rows of one table, resolved in one crate graph.
#[derive(Debug)]
pub(super) struct Rows<T> {
    functions: FxHashMap<Function, T>,
    adts: FxHashMap<Adt, T>,
    traits: FxHashMap<Trait, T>,
    modules: FxHashMap<Module, T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Rows<T> {
        Rows {
            functions: FxHashMap::default(),
            adts: FxHashMap::default(),
            traits: FxHashMap::default(),
            modules: FxHashMap::default(),
        }
    }
}

impl<T: Clone> Rows<T> {
    /// Adds the row of what a path leads to.
    pub(super) fn add(&mut self, db: &RootDatabase, resolved: &Resolved<'_>, path: &str, row: &T) {
        for definition in resolved.definitions(db, path) {
            let row = row.clone();
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

    /// The row that speaks of a function: the closest one.
    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Option<&T> {
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
}
