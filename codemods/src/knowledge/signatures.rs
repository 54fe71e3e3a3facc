//! What a call of a function that blocks looks like, for those that a crate graph has: most of their names
//! are common words, and resolving a call costs the types of the whole body around it.

use ra_ap_hir::{AsAssocItem, AssocItem, AssocItemContainer, Function};
use ra_ap_ide_db::{FxHashMap, RootDatabase};

use super::{BlockingWord, Definition, Knowledge, Resolved};

/// One function that blocks.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The word that tells of it, by its place in the tables.
    word: usize,
    /// The type that it belongs to.
    owner: Option<String>,
    is_method: bool,
    parameters: usize,
}

/// Those of one crate graph, by name.
#[derive(Debug, Default)]
pub struct Signatures {
    by_name: FxHashMap<String, Vec<Signature>>,
}

impl Signatures {
    pub(super) fn new(db: &RootDatabase, resolved: &Resolved<'_>) -> Signatures {
        let mut signatures = Signatures::default();
        // One function may go by several paths, each with a word of its own.
        for (at, word) in resolved.knowledge.blocking_words.iter().enumerate() {
            for definition in resolved.definitions(db, &word.path) {
                for function in functions_of(db, definition) {
                    signatures.add(db, function, at);
                }
            }
        }
        signatures
    }

    fn add(&mut self, db: &RootDatabase, function: Function, word: usize) {
        let container = function.as_assoc_item(db).map(|it| it.container(db));
        let owner = match container {
            Some(AssocItemContainer::Impl(it)) => it.self_ty(db).as_adt().map(|adt| adt.name(db)),
            // Called by the name of whatever implements it.
            Some(AssocItemContainer::Trait(_)) | None => None,
        };
        let name = function.name(db).as_str().to_owned();
        self.by_name.entry(name).or_default().push(Signature {
            word,
            owner: owner.map(|name| name.as_str().to_owned()),
            is_method: function.has_self_param(db),
            parameters: function.assoc_fn_params(db).len(),
        });
    }

    /// Those whose word is asked for, by name.
    pub fn of_words(
        &self,
        knowledge: &Knowledge,
        wanted: impl Fn(&BlockingWord) -> bool,
    ) -> FxHashMap<&str, Vec<&Signature>> {
        let mut found: FxHashMap<&str, Vec<&Signature>> = FxHashMap::default();
        let wanted: Vec<bool> = knowledge.blocking_words.iter().map(wanted).collect();
        for (name, all) in &self.by_name {
            let all: Vec<&Signature> = all.iter().filter(|it| wanted[it.word]).collect();
            if !all.is_empty() {
                found.insert(name, all);
            }
        }
        found
    }
}

impl Signature {
    /// The word that tells of it.
    pub fn word<'a>(&self, knowledge: &'a Knowledge) -> &'a BlockingWord {
        &knowledge.blocking_words[self.word]
    }

    /// Whether a call behind a dot, with so many arguments, may go to it.
    pub fn fits_method(&self, arguments: usize) -> bool {
        self.is_method && self.parameters == arguments + 1
    }

    /// Whether a call by this path, spelled out as the file imports it, may go to it.
    pub fn fits_path(&self, path: &str, arguments: usize) -> bool {
        let owner = path.rsplit("::").nth(1);
        let is_owner = |it: &String| owner == Some(it) || owner == Some("Self");
        self.parameters == arguments && self.owner.as_ref().is_none_or(is_owner)
    }
}

/// A function, or those that a type or a trait has.
fn functions_of(db: &RootDatabase, definition: Definition) -> Vec<Function> {
    let mut items = Vec::new();
    match definition {
        Definition::Function(function) => return vec![function],
        Definition::Trait(it) => items = it.items(db),
        Definition::Adt(it) => {
            it.ty(db).iterate_assoc_items(db, |item| {
                items.push(item);
                None::<()>
            });
        }
        Definition::Macro(_) | Definition::Module(_) => {}
    }
    let functions = items.into_iter().filter_map(|item| match item {
        AssocItem::Function(function) => Some(function),
        _ => None,
    });
    functions.collect()
}
