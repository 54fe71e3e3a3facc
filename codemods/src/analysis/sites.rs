//! A call of a function that may become async: who makes it, and what could stand there instead.

use ra_ap_hir::{AsAssocItem, AssocItemContainer};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange, TextSize,
    ast::{self, HasGenericParams, HasName},
};

use super::{
    alive::alive_at,
    awaited::is_called,
    closures::{calls_around, can_be_written},
    functions::{self, FunctionKey, definition, key_of, unit_of},
    handed_over::as_closures,
    handed_runtime::{HandedRuntime, handed, is_parameter},
    held::{Held, Kind, is_chosen, is_not_send_already, made_beside},
    in_place::cancellation,
    postfix,
    severity::flavor_of,
    surroundings::{has_to_be_send, is_spawned},
};
use crate::{
    change::Change,
    codemod::Note,
    context::{Call, Enclosing, FileContext},
    facts::TargetKind,
    knowledge::{Api, Argument, Definition, Drives, Flavor, Role},
    refusal::{Refusal, RefusalKind},
};

/// A call, as plain data.
#[derive(Debug, Clone)]
pub struct Site {
    /// The function that is called; of a trait, its declaration.
    pub of: FunctionKey,
    /// The function that the call is known to go to.
    pub callee: FunctionKey,
    /// It may come to a future that is driven; of a trait, other functions may do without.
    pub leads: bool,
    /// It goes to a trait's function, of a type that a caller chooses.
    pub is_generic: bool,
    /// It stands where a caller chooses types.
    pub in_generic: bool,
    /// The file.
    pub file: FileId,
    /// The call.
    pub range: TextRange,
    /// The name of the function in it.
    pub name: TextRange,
    /// Who makes it.
    pub caller: Caller,
    /// It stands in closures that are written out if it is awaited, or is a function in the place of
    /// one.
    pub in_closure: bool,
    /// What it gives is called there.
    pub is_called: bool,
    /// Tests, benches and examples.
    pub in_tests: bool,
    /// The guard that would be held while the call waits.
    pub held: Option<Refusal>,
    /// What else would be held, and is not `Send`.
    pub not_send: Option<Refusal>,
    /// What would be held that is `Send` only if a caller chooses so.
    pub chosen: Option<Refusal>,
    /// What may then drop it half way.
    pub cancelled: Option<Note>,
    /// What could drive the future here, for each of the drivers.
    pub bridges: Vec<Option<Bridge>>,
    /// The runtime that it hands over to be driven by.
    pub handed: Option<HandedRuntime>,
}

/// The innermost thing around a call that decides how it runs.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Async code.
    Async(AsyncCode),
    /// A function that is not async.
    Function(Box<functions::Definition>),
    /// A function that a macro makes.
    Made(String),
    /// A closure that is not async, with the name of the function around it, and why it can't be
    /// written out.
    Closure(Option<String>, Refusal),
    /// A constant, a static or a const block.
    Constant,
}

impl Caller {
    /// What it goes by.
    pub fn name(&self) -> &str {
        match self {
            Caller::Async(code) => &code.name,
            Caller::Function(caller) => &caller.name,
            Caller::Made(name) => name,
            Caller::Closure(outer, _) => outer.as_deref().unwrap_or("a closure"),
            Caller::Constant => "a constant",
        }
    }
}

/// Async code that calls a function.
#[derive(Debug, Clone)]
pub struct AsyncCode {
    /// The name of the function that it stands in.
    pub name: String,
    /// The async function that it is the body of.
    pub function: Option<FunctionKey>,
    /// The runtime that it is started on, where it says so.
    pub flavor: Option<Flavor>,
    /// Its future is not `Send` as it is, and need not be.
    pub is_not_send: bool,
    /// Its future has to be `Send`, for all that can be seen.
    pub has_to_be_send: bool,
    /// The function around it, if it is spawned in it.
    pub spawned_in: Option<FunctionKey>,
}

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
        change
            .used
            .extend(self.through.iter().map(|&it| (file, it)));
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

    /// The place of a driver in [`Site::bridges`].
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

    fn at(&self, ctx: &FileContext<'_>, node: &SyntaxNode, in_tests: bool) -> Vec<Option<Bridge>> {
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
            // What it is depends on the call.
            Driver::Handed => None,
        }
    }
}

/// Whether the manifest lets code name the crate of a path.
fn is_declared(ctx: &FileContext<'_>, path: &str, in_tests: bool) -> bool {
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

/// The name of what is called.
fn name_in(call: &ast::Expr) -> Option<ast::NameRef> {
    match call {
        ast::Expr::MethodCallExpr(call) => call.name_ref(),
        ast::Expr::CallExpr(call) => name_in(&call.expr()?),
        ast::Expr::PathExpr(path) => path.path()?.segment()?.name_ref(),
        _ => None,
    }
}

/// Whether it is not known whose function of a trait is called, or a type parameter's.
fn is_generic(ctx: &FileContext<'_>, call: &ast::Expr) -> bool {
    let in_trait = ctx
        .callee(call)
        .and_then(|it| it.as_assoc_item(ctx.db))
        .is_some_and(|it| matches!(it.container(ctx.db), AssocItemContainer::Trait(_)));
    let receiver = match call {
        ast::Expr::MethodCallExpr(call) => call.receiver(),
        _ => None,
    };
    let ty = receiver.and_then(|it| ctx.sema.type_of_expr(&it));
    in_trait
        && ty.is_none_or(|ty| {
            let ty = ty.adjusted();
            is_chosen(ctx, &ty) || ty.contains_unknown()
        })
}

/// Whether what is around a place has parameters for types.
pub fn in_generic(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    ctx.sema.ancestors_with_macros(node.clone()).any(|outer| {
        let list = match ast::Item::cast(outer) {
            Some(ast::Item::Fn(it)) => {
                let params = it.param_list().into_iter();
                let mut inside = params.flat_map(|it| it.syntax().descendants());
                if inside.any(|it| ast::ImplTraitType::can_cast(it.kind())) {
                    return true;
                }
                it.generic_param_list()
            }
            Some(ast::Item::Impl(it)) => it.generic_param_list(),
            Some(ast::Item::Trait(_)) => return true,
            _ => None,
        };
        list.is_some_and(|it| it.type_or_const_params().next().is_some())
    })
}

/// Whether a closure belongs to an iterator that nothing drives where it is made.
fn is_lazy(ctx: &FileContext<'_>, closure: &ast::ClosureExpr) -> bool {
    let list = closure.syntax().parent();
    let call = list.and_then(|it| it.parent()).and_then(ast::Expr::cast);
    let callee = call.and_then(|it| ctx.callee(&it));
    let declared = callee.map(|it| ctx.in_trait(it).unwrap_or(it));
    let container = declared.and_then(|it| it.as_assoc_item(ctx.db));
    match container.map(|it| it.container(ctx.db)) {
        Some(AssocItemContainer::Trait(it)) => ctx.trait_at("core::iter::Iterator") == Some(it),
        _ => false,
    }
}

/// A call of `of`, which goes to `callee`, or a path that hands it over to what calls it there and
/// then. `None` for what can't be edited in the file, or is called at another time.
pub fn site(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    (of, callee): (FunctionKey, FunctionKey),
    drivers: &Drivers,
) -> Option<Site> {
    let node = call.syntax();
    let range = ctx.source_range(node)?;
    let name = ctx.source_range(name_in(call)?.syntax())?;
    let is_path = matches!(call, ast::Expr::PathExpr(_));
    let (calls, enclosing) = match calls_around(ctx, call) {
        Some((calls, enclosing)) => (calls, Some(enclosing)),
        None if is_path => return None,
        None => (Vec::new(), None),
    };
    let outer = || ctx.enclosing_function_name(node);
    let has_to_be = has_to_be_send(ctx, node);
    let written = can_be_written(ctx, call, &calls);
    let stays = |refusal| Caller::Closure(outer(), refusal);
    let caller = match &enclosing {
        Some(Enclosing::Closure(closure)) => {
            let place = outer().map_or_else(String::new, |name| format!(" in `{name}`"));
            let (kind, message) = match is_lazy(ctx, closure) {
                true => (
                    RefusalKind::F19,
                    format!("an iterator{place} calls it when it is asked"),
                ),
                false => (
                    RefusalKind::F6,
                    format!("a closure{place} that is not async calls it"),
                ),
            };
            stays(Refusal::new(kind, message))
        }
        Some(_) if let Err(refusal) = written => stays(refusal),
        Some(Enclosing::SyncFn(function)) => match definition(ctx, function) {
            Some(definition) => Caller::Function(Box::new(definition)),
            None => Caller::Made(function.name()?.text().to_string()),
        },
        Some(Enclosing::Const) | None => Caller::Constant,
        Some(enclosing) => Caller::Async(AsyncCode {
            name: outer().unwrap_or_default(),
            function: match enclosing {
                Enclosing::AsyncFn(function) => ctx.sema.to_fn_def(function),
                _ => None,
            }
            .and_then(|function| key_of(ctx, function)),
            flavor: match enclosing {
                Enclosing::AsyncFn(function) => flavor_of(ctx, function),
                _ => None,
            },
            is_not_send: !has_to_be && is_not_send_already(ctx, enclosing),
            has_to_be_send: has_to_be,
            spawned_in: is_spawned(ctx, node)
                .then(|| ctx.sema.ancestors_with_macros(node.clone()))
                .and_then(|mut around| around.find_map(ast::Fn::cast))
                .and_then(|function| unit_of(ctx, ctx.sema.to_fn_def(&function)?)),
        }),
    };
    if is_path && !matches!(caller, Caller::Async(_) | Caller::Function(_)) {
        return None;
    }
    let body = enclosing.as_ref().and_then(Enclosing::body);
    let waits = matches!(caller, Caller::Async(_) | Caller::Function(_));
    let body = body.filter(|_| waits);
    let alive = body.map(|body| {
        let mut alive = alive_at(ctx, node, &body);
        alive.extend(made_beside(ctx, call));
        alive
    });
    let (guards, others): (Vec<Held>, Vec<Held>) = alive
        .unwrap_or_default()
        .into_iter()
        .partition(Held::is_guard);
    let (chosen, others): (Vec<Held>, Vec<Held>) = others
        .into_iter()
        .partition(|it| it.kind == Kind::Chosen && !has_to_be);
    let in_tests = ctx.is_test_code(node);
    let mut bridges = match call {
        ast::Expr::PathExpr(path) => {
            let function = ctx.function_of_path(&path.path()?)?;
            as_closures(ctx, node, function, drivers.at(ctx, node, in_tests))
        }
        _ => drivers.at(ctx, node, in_tests),
    };
    let handed = drivers
        .index(&Driver::Handed)
        .and_then(|index| Some((index, handed(ctx, call, ctx.callee(call)?)?)))
        .map(|(index, handed)| {
            bridges[index] = Some(handed.bridge.clone());
            handed
        });
    Some(Site {
        of,
        callee,
        leads: callee == of,
        is_generic: callee == of && is_generic(ctx, call),
        in_generic: in_generic(ctx, node),
        file: ctx.file,
        range,
        name,
        is_called: !is_path && is_called(call),
        in_closure: !calls.is_empty(),
        in_tests,
        held: guards.iter().find_map(Held::refusal),
        not_send: others.first().map(Held::not_send),
        chosen: chosen.first().map(Held::not_send),
        cancelled: cancellation(ctx, node),
        bridges,
        handed,
        caller,
    })
}
