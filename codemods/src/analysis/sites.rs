//! A call of a function that may become async: who makes it, and what could stand there instead.

use std::sync::Arc;

use ra_ap_hir::{AsAssocItem, AssocItemContainer};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasGenericParams, HasName},
};

use super::{
    alive::alive_at,
    awaited::is_called,
    bridges::{Bridge, Driver},
    closures::{Called, calls_around, can_be_written},
    functions::{self, FunctionKey, definition, key_of, unit_of},
    handed_over::as_closures,
    handed_runtime::{HandedRuntime, handed},
    held::{Held, Kind, is_chosen, is_not_send_already, made_beside},
    in_place::cancellation,
    occurrences::Question,
    own_combinators::OwnCombinator,
    severity::flavor_of,
    surroundings::{has_to_be_send, is_spawned},
};
use crate::{
    change::Change,
    codemod::Note,
    context::{Enclosing, FileContext, name_of_call},
    knowledge::Flavor,
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
    /// The functions of the workspace that call the closures in which it stands, and are not written
    /// out.
    pub own: Vec<Arc<OwnCombinator>>,
    /// What changes around it then.
    pub around: Change,
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

/// The name of what is called.
fn name_in(call: &ast::Expr) -> Option<ast::NameRef> {
    match call {
        ast::Expr::PathExpr(path) => path.path()?.segment()?.name_ref(),
        _ => name_of_call(call),
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
/// then. `None` for what can't be edited in the file, or is called at another time. Without drivers the
/// function does not become async, and what would be held meanwhile is not looked for.
pub fn site(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    (of, callee): (FunctionKey, FunctionKey),
    question: &Question<'_>,
) -> Option<Site> {
    let drivers = question.drivers;
    let node = call.syntax();
    let range = ctx.source_range(node)?;
    let name = ctx.source_range(name_in(call)?.syntax())?;
    let is_path = matches!(call, ast::Expr::PathExpr(_));
    let (calls, enclosing) = match calls_around(ctx, call, question.own) {
        Some((calls, enclosing)) => (calls, Some(enclosing)),
        None if is_path => return None,
        None => (Vec::new(), None),
    };
    let outer = || ctx.enclosing_function_name(node);
    let changes = drivers.is_some();
    let has_to_be = changes && has_to_be_send(ctx, node);
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
                false => {
                    let taken = question.own.taking(ctx, closure);
                    let taken = taken.and_then(|(own, _)| Some((&own.name, own.otherwise()?)));
                    let does = taken.map(|(name, does)| format!(", and `{name}` {does}"));
                    let does = does.unwrap_or_default();
                    let message = format!("a closure{place} that is not async calls it{does}");
                    (RefusalKind::F6, message)
                }
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
            is_not_send: changes && !has_to_be && is_not_send_already(ctx, enclosing),
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
    let waits = changes && matches!(caller, Caller::Async(_) | Caller::Function(_));
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
    let own: Vec<_> = calls.iter().filter_map(Called::own).cloned().collect();
    let mut around = Change::default();
    if waits && !own.is_empty() {
        let mut calls = calls.iter().filter(|it| it.own().is_some());
        let changes = calls.try_fold(Vec::new(), |all, it| it.written(ctx, all));
        for it in changes.ok()? {
            around.extend(&it.change(ctx).0);
        }
    }
    let unsent = own.first().map(|it| it.not_send());
    let in_tests = ctx.is_test_code(node);
    let mut bridges = drivers.map_or_else(Vec::new, |drivers| drivers.at(ctx, node, in_tests));
    if let ast::Expr::PathExpr(path) = call {
        let function = ctx.function_of_path(&path.path()?)?;
        bridges = as_closures(ctx, node, function, bridges);
    }
    let handed = drivers
        .and_then(|drivers| drivers.index(&Driver::Handed))
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
        in_closure: calls.iter().any(|it| it.own().is_none()),
        own,
        around,
        in_tests,
        held: guards.iter().find_map(Held::refusal),
        not_send: others.first().map(Held::not_send).or(unsent),
        chosen: chosen.first().map(Held::not_send),
        cancelled: changes.then(|| cancellation(ctx, node)).flatten(),
        bridges,
        handed,
        caller,
    })
}
