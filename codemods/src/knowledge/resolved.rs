//! The tables, resolved to the definitions of one crate graph.

use std::sync::{Mutex, OnceLock};

use ra_ap_hir::{
    Adt, AssocItem, Crate, Function, ItemInNs, Macro, Module, ModuleDef, Symbol, Trait,
    resolve_absolute_path,
};
use ra_ap_ide_db::{FxHashMap, FxHashSet, RootDatabase};

use super::{
    Api, Blocking, BlockingKind, Combinator, Effect, Guard, InAsync, Knowledge, Role, Waits,
    combinators::Combinators, effects::Effects, executors::Executors, guards, is_named,
    signatures::Signatures, threads::Threads,
};
use crate::analysis::{asks::Asks, blocking::Stops, driven::is_block_on};

/// The tables, resolved in one crate graph.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The tables themselves.
    pub knowledge: &'a Knowledge,
    functions: FxHashMap<Function, usize>,
    macros: FxHashMap<Macro, usize>,
    blocking: FxHashMap<Function, usize>,
    /// What the user says is cheap.
    cheap: FxHashSet<Function>,
    /// What the user says sees to the error of a task.
    observed: FxHashSet<Function>,
    /// The crates whose names have been read; the others are not worth reading for a table.
    crates: &'a FxHashSet<String>,
    threads: OnceLock<Threads>,
    signatures: OnceLock<Signatures>,
    combinators: OnceLock<Combinators>,
    guards: OnceLock<FxHashMap<Adt, &'static Guard>>,
    executors: OnceLock<Executors>,
    effects: OnceLock<Effects>,
    /// What the bodies of the workspace's own functions were found to do.
    pub(crate) bodies: Mutex<FxHashMap<(Asks, Function), Stops>>,
}

impl<'a> Resolved<'a> {
    /// Resolves every path that starts with one of these crates.
    pub fn new(
        db: &RootDatabase,
        knowledge: &'a Knowledge,
        crates: &'a FxHashSet<String>,
    ) -> Resolved<'a> {
        let mut resolved = Resolved {
            knowledge,
            functions: FxHashMap::default(),
            macros: FxHashMap::default(),
            blocking: FxHashMap::default(),
            cheap: FxHashSet::default(),
            observed: FxHashSet::default(),
            crates,
            threads: OnceLock::new(),
            signatures: OnceLock::new(),
            combinators: OnceLock::new(),
            guards: OnceLock::new(),
            executors: OnceLock::new(),
            effects: OnceLock::new(),
            bodies: Mutex::default(),
        };
        for (index, api) in knowledge.apis.iter().enumerate() {
            for definition in resolved.definitions(db, &api.path) {
                match definition {
                    Definition::Function(function) => {
                        // Some rows name what another crate re-exports; the first row is its own.
                        resolved.functions.entry(function).or_insert(index);
                    }
                    Definition::Macro(mac) => {
                        resolved.macros.entry(mac).or_insert(index);
                    }
                    Definition::Adt(_) | Definition::Trait(_) | Definition::Module(_) => {}
                }
            }
        }
        for (index, row) in knowledge.blocking.iter().enumerate() {
            for definition in resolved.definitions(db, &row.path) {
                if let Definition::Function(function) = definition {
                    // What the user says comes last, and counts.
                    resolved.blocking.insert(function, index);
                }
            }
        }
        resolved.cheap = resolved.stated(db, &knowledge.cheap);
        resolved.observed = resolved.stated(db, &knowledge.observed);
        resolved
    }

    /// The functions of these paths.
    fn stated(&self, db: &RootDatabase, paths: &[String]) -> FxHashSet<Function> {
        let found = paths.iter().flat_map(|path| self.definitions(db, path));
        let functions = found.filter_map(|it| match it {
            Definition::Function(function) => Some(function),
            _ => None,
        });
        functions.collect()
    }

    /// Every definition that a public path leads to, if its crate is one of those that were read.
    pub fn definitions(&self, db: &RootDatabase, path: &str) -> Vec<Definition> {
        let krate = path.split("::").next().unwrap_or_default();
        if self.crates.contains(krate) {
            resolve(db, path)
        } else {
            Vec::new()
        }
    }

    /// The row of a function.
    pub fn function(&self, function: Function) -> Option<&'a Api> {
        self.functions
            .get(&function)
            .map(|&index| &self.knowledge.apis[index])
    }

    /// The functions whose role is asked for.
    pub fn functions(&self, wanted: impl Fn(&Role) -> bool) -> impl Iterator<Item = Function> {
        self.functions
            .iter()
            .filter(move |&(_, &index)| wanted(&self.knowledge.apis[index].role))
            .map(|(&function, _)| function)
    }

    /// The row of a macro.
    pub fn macro_(&self, mac: Macro) -> Option<&'a Api> {
        self.macros
            .get(&mac)
            .map(|&index| &self.knowledge.apis[index])
    }

    /// What a function that is not the workspace's own does to the thread that calls it, as does one that
    /// the user names.
    pub fn waits(&self, db: &RootDatabase, function: Function) -> Waits<'_> {
        if self.is_cheap(function) {
            return Waits::No;
        }
        if let Some(api) = self.function(function)
            && is_block_on(&api.role)
        {
            return Waits::Stops(&api.path);
        }
        if let Some(row) = self.blocking(function) {
            return match row.kind.work() {
                Some(work) => Waits::Computes(&row.path, work),
                None => Waits::Stops(&row.path),
            };
        }
        self.threads
            .get_or_init(|| Threads::new(db, self))
            .of(db, function)
    }

    /// What a function waits for that stops the thread which calls it.
    pub fn blocks(&self, db: &RootDatabase, function: Function) -> Option<Blocks<'_>> {
        if let Some(row) = self.blocking(function) {
            return Some(Blocks {
                path: &row.path,
                kind: row.kind,
                in_async: row.in_async,
                is_conditional: row.when.is_some(),
                is_cheap: row.cheap,
                reason: row.reason.as_deref(),
            });
        }
        let threads = self.threads.get_or_init(|| Threads::new(db, self));
        let row = threads.row(db, function)?;
        let (kind, is_cheap) = row.kind?;
        Some(Blocks {
            path: &row.path,
            kind,
            in_async: InAsync::Blocks,
            is_conditional: false,
            is_cheap,
            reason: None,
        })
    }

    /// Whether the user says that a function is cheap.
    pub fn is_cheap(&self, function: Function) -> bool {
        self.cheap.contains(&function)
    }

    /// Whether the user says that a function sees to the error of a task.
    pub fn is_observed(&self, function: Function) -> bool {
        self.observed.contains(&function)
    }

    /// What the calls of the functions that block look like.
    pub fn signatures(&self, db: &RootDatabase) -> &Signatures {
        self.signatures.get_or_init(|| Signatures::new(db, self))
    }

    /// Whether everything in a crate that no row speaks of leaves the thread alone.
    pub fn knows(&self, db: &RootDatabase, krate: Crate) -> bool {
        self.threads
            .get_or_init(|| Threads::new(db, self))
            .knows(krate)
    }

    /// The row of a function that calls its closure there and then.
    pub fn combinator(&self, db: &RootDatabase, function: Function) -> Option<&'static Combinator> {
        self.combinators
            .get_or_init(|| Combinators::new(db))
            .of(db, function)
    }

    /// The row of a type whose values nobody may hold while a future waits.
    pub fn guard(&self, db: &RootDatabase, adt: Adt) -> Option<&'static Guard> {
        self.guards
            .get_or_init(|| guards::guards(db, self))
            .get(&adt)
            .copied()
    }

    /// The words of which code has one if it makes a guard, or names its type; for the crates that there
    /// are.
    pub fn guard_words(&self, db: &RootDatabase) -> FxHashSet<&'static str> {
        let guards = self.guards.get_or_init(|| guards::guards(db, self));
        guards.values().flat_map(|row| row.words()).collect()
    }

    /// Whether a value of this type is a runtime of its own.
    pub fn is_executor(&self, db: &RootDatabase, adt: Adt) -> bool {
        self.executors(db).types.contains(&adt)
    }

    /// Whether a function ends a runtime without waiting for it.
    pub fn lets_executor_go(&self, db: &RootDatabase, function: Function) -> bool {
        self.executors(db).lets_go.contains(&function)
    }

    /// What a call of a function that is not the workspace's own leaves behind.
    pub fn effect(&self, db: &RootDatabase, function: Function) -> Effect {
        self.effects(db).of(db, function)
    }

    /// Whether everything in a crate that no row speaks of only computes.
    pub fn is_pure(&self, db: &RootDatabase, krate: Crate) -> bool {
        self.effects(db).pure.contains(&krate)
    }

    /// Whether a value of this type decides what a later call leaves behind.
    pub fn decides(&self, db: &RootDatabase, adt: Adt) -> bool {
        self.effects(db).decides.contains(&adt)
    }

    fn effects(&self, db: &RootDatabase) -> &Effects {
        self.effects.get_or_init(|| Effects::new(db, self))
    }

    fn executors(&self, db: &RootDatabase) -> &Executors {
        self.executors.get_or_init(|| Executors::new(db, self))
    }

    /// The row of a blocking function.
    pub fn blocking(&self, function: Function) -> Option<&'a Blocking> {
        self.blocking
            .get(&function)
            .map(|&index| &self.knowledge.blocking[index])
    }
}

/// A function that stops the thread which calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks<'a> {
    /// The path of the row that says so.
    pub path: &'a str,
    /// What it waits for.
    pub kind: BlockingKind,
    /// What it does on an async thread.
    pub in_async: InAsync,
    /// It only blocks under a condition.
    pub is_conditional: bool,
    /// It is a single system call that people make without a second thought.
    pub is_cheap: bool,
    /// Why the user says so.
    pub reason: Option<&'a str>,
}

/// What a path in a table may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Definition {
    /// A function or a method.
    Function(Function),
    /// A macro.
    Macro(Macro),
    /// A type.
    Adt(Adt),
    /// A trait.
    Trait(Trait),
    /// A module.
    Module(Module),
}

/// Every definition that a public path leads to, one for each version of the crate in the graph.
pub fn resolve(db: &RootDatabase, path: &str) -> Vec<Definition> {
    let found = resolve_item(db, path);
    if !found.is_empty() {
        return found;
    }
    let Some((owner, name)) = path.rsplit_once("::") else {
        return Vec::new();
    };
    resolve_item(db, owner)
        .into_iter()
        .filter_map(|definition| associated(db, definition, name))
        .map(Definition::Function)
        .collect()
}

fn resolve_item(db: &RootDatabase, path: &str) -> Vec<Definition> {
    let segments: Vec<Symbol> = path.split("::").map(Symbol::intern).collect();
    let mut found: Vec<Definition> = resolve_absolute_path(db, segments.into_iter())
        .filter_map(|item| match item {
            ItemInNs::Macros(mac) => Some(Definition::Macro(mac)),
            ItemInNs::Types(def) | ItemInNs::Values(def) => match def {
                ModuleDef::Function(function) => Some(Definition::Function(function)),
                ModuleDef::Adt(adt) => Some(Definition::Adt(adt)),
                ModuleDef::Trait(trait_) => Some(Definition::Trait(trait_)),
                ModuleDef::Module(module) => Some(Definition::Module(module)),
                ModuleDef::TypeAlias(alias) => alias.ty(db).as_adt().map(Definition::Adt),
                _ => None,
            },
        })
        .collect();
    found.dedup();
    found
}

fn associated(db: &RootDatabase, owner: Definition, name: &str) -> Option<Function> {
    let named = |item: AssocItem| match item {
        AssocItem::Function(function) if is_named(&function.name(db), name) => Some(function),
        _ => None,
    };
    match owner {
        Definition::Adt(adt) => adt.ty(db).iterate_assoc_items(db, named),
        Definition::Trait(trait_) => trait_.items(db).into_iter().find_map(named),
        Definition::Function(_) | Definition::Macro(_) | Definition::Module(_) => None,
    }
}
