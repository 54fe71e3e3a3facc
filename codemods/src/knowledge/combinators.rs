//! Which functions of std call their closure there and then, and what a call of them becomes.

use std::sync::LazyLock;

use ra_ap_hir::{AsAssocItem, Function, HasCrate};
use ra_ap_ide_db::{FxHashMap, RootDatabase};
use serde::Deserialize;

use super::{Definition, is_named, last_segment, resolve};

/// A row of `knowledge/combinators.toml`, which explains the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combinator {
    path: Option<String>,
    on: Option<Primitive>,
    name: Option<String>,
    /// What takes its place.
    pub text: Option<String>,
    /// What takes its place where it is a statement.
    pub statement: Option<String>,
    /// What takes its place with the `.transpose()?` behind it.
    pub transposed: Option<String>,
    /// Which argument is a value, and no closure.
    pub value: Option<usize>,
    /// Whether an error of the closure is one of the call.
    #[serde(default)]
    pub passes: bool,
    /// What an adapter of iterators does in a loop.
    pub step: Option<Step>,
    /// How a loop ends that stands for a call which drives an iterator.
    pub end: Option<End>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Primitive {
    Bool,
    Slice,
    Array,
}

/// What an adapter does with each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Makes another of it.
    Map,
    /// Keeps it or not.
    Filter,
    /// Makes another of it, or none.
    FilterMap,
    /// Makes several of it.
    FlatMap,
    /// Looks at it.
    Inspect,
}

/// What a call that drives an iterator makes of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// A collection, which may be inside of a `Result` or an `Option`.
    Collect,
    /// Nothing.
    ForEach,
    /// Nothing, or the first error.
    TryForEach,
    /// Whether the closure says yes to one.
    Any,
    /// Whether the closure says yes to each.
    All,
    /// The first that the closure says yes to.
    Find,
    /// The first value that the closure gives.
    FindMap,
    /// The number of the first that the closure says yes to.
    Position,
    /// Their number.
    Count,
    /// What the closure makes of all of them, one after the other.
    Fold,
    /// The same, or the first error.
    TryFold,
    /// Something that depends on nothing but all of them, in order.
    Drain,
}

impl Combinator {
    /// Whether it is a part of a chain of iterator methods.
    pub fn is_in_chain(&self) -> bool {
        self.step.is_some() || self.end.is_some()
    }

    /// The function's own name.
    pub fn name(&self) -> &str {
        let path = self.path.as_deref().map(last_segment);
        path.or(self.name.as_deref()).unwrap_or_default()
    }
}

/// The table, parsed once.
static TABLE: LazyLock<Vec<Combinator>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        combinator: Vec<Combinator>,
    }
    let text = include_str!("../../knowledge/combinators.toml");
    let file: File = toml::from_str(text).expect("knowledge/combinators.toml parses");
    file.combinator
});

/// The table, resolved in one crate graph.
#[derive(Debug, Default)]
pub(super) struct Combinators {
    functions: FxHashMap<Function, &'static Combinator>,
}

impl Combinators {
    pub(super) fn new(db: &RootDatabase) -> Combinators {
        let mut combinators = Combinators::default();
        for row in TABLE.iter() {
            let path = row.path.iter().flat_map(|path| resolve(db, path));
            for definition in path {
                if let Definition::Function(function) = definition {
                    combinators.functions.insert(function, row);
                }
            }
        }
        combinators
    }

    pub(super) fn of(&self, db: &RootDatabase, function: Function) -> Option<&'static Combinator> {
        self.functions
            .get(&function)
            .copied()
            .or_else(|| of_primitive(db, function))
    }
}

/// The row of a method of a type without a path. Only the crates of std can have methods on those.
fn of_primitive(db: &RootDatabase, function: Function) -> Option<&'static Combinator> {
    if !function.krate(db).origin(db).is_lang() {
        return None;
    }
    let ty = function.as_assoc_item(db)?.implementing_ty(db)?;
    let name = function.name(db);
    TABLE.iter().find(|row| {
        let of_type = match row.on {
            Some(Primitive::Bool) => ty.is_bool(),
            Some(Primitive::Slice) => ty.as_slice().is_some(),
            Some(Primitive::Array) => ty.is_array(),
            None => false,
        };
        of_type && row.name.as_deref().is_some_and(|it| is_named(&name, it))
    })
}
