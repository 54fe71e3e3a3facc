//! What could drive the future of a call where it can't be awaited.

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, TextSize, ast};

use super::{either_runtime, handed_runtime::is_parameter, postfix};
use crate::{
    change::Change,
    context::{Call, Enclosing, FileContext},
    facts::TargetKind,
    knowledge::{Api, Argument, Definition, Drives, Role},
};

/// The text around a call that drives its future on this thread.
#[derive(Debug, Clone)]
pub struct Bridge {
    /// What stands before the call.
    pub before: String,
    /// What stands behind it.
    pub after: String,
    /// It panics where another one is entered inside of it.
    pub alone: bool,
    /// The import that it takes, and where that would stand.
    pub import: Option<(TextSize, String)>,
    /// The imports that it goes through.
    pub through: Vec<TextRange>,
}

impl Bridge {
    /// Notes in a change which imports the text goes through, and makes the one that it takes.
    pub fn note_imports(&self, file: FileId, change: &mut Change) {
        self.through.iter().for_each(|&it| change.uses(file, it));
        if let Some((at, text)) = &self.import {
            let mut edits = change.edits.iter();
            let at = TextRange::empty(*at);
            if !edits.any(|edit| (edit.file, edit.range, &edit.text) == (file, at, text)) {
                change.replace(file, at, text);
            }
        }
    }
}

/// What drove the futures of the seeds, and may drive those of a bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drivers {
    all: Vec<Driver>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Driver {
    /// A function that takes a future, needs no runtime, and may run inside of another.
    Executor {
        /// Its path.
        path: String,
        /// The path of the method that does the same, where that is how it was written.
        method: Option<String>,
    },
    /// The current handle of tokio.
    Handle,
    /// The current runtime of tokio, or one that is made: see [`super::either_runtime`].
    Either {
        /// On the current one, in `block_in_place`.
        in_place: bool,
        /// What stands behind the call that makes one: `?`, or what panics.
        result: String,
    },
    /// What the function is handed over for it: see [`super::handed_runtime`].
    Handed,
}

/// Runtimes whose `block_on` panics inside of another.
const ALONE: [&str; 1] = ["futures"];

impl Driver {
    /// What may stand for a `block_on` elsewhere.
    pub fn of(ctx: &FileContext<'_>, call: &Call<'_>) -> Option<Driver> {
        let api = call.api;
        let Role::BlockOn { future, drives, .. } = &api.role else {
            return None;
        };
        let receiver = call.receiver.as_ref();
        if *drives != Drives::Executor && receiver.is_some_and(|it| is_parameter(ctx, it)) {
            return Some(Driver::Handed);
        }
        match drives {
            Drives::Runtime => None,
            Drives::Handle => Some(Driver::Handle),
            Drives::Executor if ALONE.contains(&api.runtime.as_str()) => None,
            Drives::Executor => {
                let rows = ctx.known.knowledge.apis.iter();
                let mut same = rows.filter(|row| row.runtime == api.runtime && is_plain(row));
                Some(Driver::Executor {
                    path: same.next()?.path.clone(),
                    method: (*future == Argument::Receiver).then(|| api.path.clone()),
                })
            }
        }
    }
}

/// A free function of a runtime that drives its argument.
fn is_plain(row: &Api) -> bool {
    let Role::BlockOn { future, drives, .. } = &row.role else {
        return false;
    };
    *future == Argument::At(0) && *drives == Drives::Executor && row.name() == "block_on"
}

impl Drivers {
    /// These, each once.
    pub fn new(drivers: impl Iterator<Item = Driver>) -> Drivers {
        let mut all: Vec<Driver> = drivers.collect();
        // What is handed over may be the current handle.
        if all.contains(&Driver::Handed) {
            all.push(Driver::Handle);
        }
        all.sort();
        all.dedup();
        Drivers { all }
    }

    /// The place of a driver in [`Site::bridges`](super::sites::Site::bridges).
    pub fn index(&self, driver: &Driver) -> Option<usize> {
        self.all.iter().position(|it| it == driver)
    }

    /// What could drive a future in the body of a function that may stop its thread.
    pub fn in_function(&self, ctx: &FileContext<'_>, body: &SyntaxNode) -> Vec<Option<Bridge>> {
        let drivers = self.all.iter();
        drivers
            .map(|driver| driver.named(ctx, body, false))
            .collect()
    }

    /// What could drive a future in a closure that stands for the path of a function, and is called
    /// nobody knows where.
    pub fn in_value(
        &self,
        ctx: &FileContext<'_>,
        path: &SyntaxNode,
        in_tests: bool,
    ) -> Vec<Option<Bridge>> {
        let drivers = self.all.iter();
        drivers
            .map(|driver| {
                let runs = *driver != Driver::Handle || is_argument_of_offload(ctx, path);
                driver.named(ctx, path, in_tests).filter(|_| runs)
            })
            .collect()
    }

    /// What could drive the future of a call.
    pub fn at(
        &self,
        ctx: &FileContext<'_>,
        node: &SyntaxNode,
        in_tests: bool,
    ) -> Vec<Option<Bridge>> {
        self.all
            .iter()
            .map(|driver| driver.at(ctx, node, in_tests))
            .collect()
    }
}

impl Driver {
    fn at(&self, ctx: &FileContext<'_>, node: &SyntaxNode, in_tests: bool) -> Option<Bridge> {
        let may_stop = *self != Driver::Handle || is_offloaded(ctx, node);
        self.named(ctx, node, in_tests).filter(|_| may_stop)
    }

    /// How code at a place names it.
    fn named(&self, ctx: &FileContext<'_>, node: &SyntaxNode, in_tests: bool) -> Option<Bridge> {
        match self {
            Driver::Executor { path, method } => {
                if let Some(method) = method
                    && is_declared(ctx, path, in_tests)
                    && let Some(bridge) = postfix::bridge(ctx, node, method)
                {
                    return Some(bridge);
                }
                let function = ctx.function_in_scope(node, path)?;
                let api = ctx.known.function(function)?;
                let bridge = Bridge {
                    before: format!("{path}("),
                    after: ")".to_owned(),
                    alone: false,
                    import: None,
                    through: Vec::new(),
                };
                (api.path == *path && is_declared(ctx, path, in_tests)).then_some(bridge)
            }
            Driver::Handle => {
                let path = "tokio::runtime::Handle";
                let handle = Definition::Adt(ctx.type_in_scope(node, path)?);
                let is_it = ctx.known.definitions(ctx.db, path).contains(&handle);
                let bridge = Bridge {
                    before: format!("{path}::current().block_on("),
                    after: ")".to_owned(),
                    alone: true,
                    import: None,
                    through: Vec::new(),
                };
                (is_it && is_declared(ctx, path, in_tests)).then_some(bridge)
            }
            Driver::Either { in_place, result } => {
                either_runtime::bridge(ctx, node, in_tests, *in_place, result)
            }
            // What it is depends on the call.
            Driver::Handed => None,
        }
    }
}

/// Whether the manifest lets code name the crate of a path.
pub fn is_declared(ctx: &FileContext<'_>, path: &str, in_tests: bool) -> bool {
    let target = if in_tests {
        TargetKind::Test
    } else {
        ctx.target
    };
    let krate = path.split("::").next();
    let mut dependencies = ctx.package.dependencies.iter();
    dependencies.any(|it| {
        Some(it.name.as_str()) == krate && ctx.package.dependency(&it.package, target).is_some()
    })
}

/// Whether code runs in a closure that tokio runs on a thread which may block, and which knows its
/// runtime.
fn is_offloaded(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    let Some(Enclosing::Closure(closure)) = ctx.enclosing(node) else {
        return false;
    };
    is_argument_of_offload(ctx, closure.syntax())
}

/// Whether what tokio runs on such a thread is this closure or function.
fn is_argument_of_offload(ctx: &FileContext<'_>, argument: &SyntaxNode) -> bool {
    let call = argument
        .parent()
        .filter(|list| ast::ArgList::can_cast(list.kind()))
        .and_then(|list| list.parent())
        .and_then(ast::Expr::cast)
        .and_then(|call| ctx.call(&call));
    call.is_some_and(|call| {
        matches!(call.api.role, Role::Offload { .. }) && call.api.runtime == "tokio"
    })
}
