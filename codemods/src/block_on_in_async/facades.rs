//! Functions that do nothing but drive an async one with the same parameters.
//!
//! Such a function is a `block_on` by another name: it stays, for those who can't wait, and async code
//! calls the other one. Each of its calls is looked at as a `block_on` is.

use std::collections::BTreeMap;

use ra_ap_hir::{AsAssocItem, AssocItem, AssocItemContainer, Function, HasVisibility as _, Name};
use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasGenericParams, HasName, HasVisibility},
};

use super::{Asides, CODEMOD, seed::Seed, today, waiting::Waiting};
use crate::{
    analysis::{
        bridges::Driver,
        closures::Around,
        functions::{FunctionKey, definition, key_of},
        held::makes_not_send,
        in_place::{Trust, Written, cancellation},
        own_combinators::OwnCombinators,
        recursion::{is_around, leads_from},
        send::is_not_send,
        surroundings::comment_about,
    },
    cfg::inactive_cfg,
    change::Change,
    codemod::{Effect, Finding, Verdict},
    context::{Call, Enclosing, FileContext, name_of_call, tokens_of},
    knowledge::{Api, Role},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// A function that only drives another.
#[derive(Debug, Clone)]
pub struct Facade {
    /// Its name.
    name: String,
    /// The name of the async function.
    other: String,
    /// Where that is defined.
    other_at: FunctionKey,
    /// Whether code outside of the package can call it.
    pub is_public: bool,
    /// What it drives the future with.
    driver: Option<Driver>,
    /// What that is.
    api: Api,
    /// Why the future is not `Send`, whatever is handed over.
    not_send: Option<Refusal>,
}

impl Facade {
    /// The function around a `block_on`, if it does nothing else.
    pub fn of(
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        node: &ast::Fn,
        seed: &Seed,
    ) -> Option<Facade> {
        if !matches!(seed.finding.verdict, Verdict::Rewrite { .. }) {
            return None;
        }
        let other = driven_alone(ctx, call, node)?;
        Some(Facade {
            api: seed.api.clone(),
            name: seed.function.name.clone(),
            other: other.name(ctx.db).as_str().to_owned(),
            other_at: key_of(ctx, other)?,
            is_public: seed.function.only_in.is_none(),
            driver: Driver::of(ctx, call),
            not_send: seed.not_send.clone(),
        })
    }

    /// What it does, before what that does to async code.
    fn words(&self) -> String {
        format!("`{}` drives `{}`, and ", self.name, self.other)
    }
}

/// The async function beside this one that it calls with its own parameters, if that is all it does.
fn driven_alone(ctx: &FileContext<'_>, call: &Call<'_>, node: &ast::Fn) -> Option<Function> {
    let list = node.body()?.stmt_list()?;
    let alone = list.statements().next().is_none() && list.tail_expr()? == call.expr;
    let Role::BlockOn { future, .. } = &call.api.role else {
        return None;
    };
    let future = call.argument(*future).filter(|_| alone)?;
    let other = ctx.callee(future).filter(|it| it.is_async(ctx.db))?;
    let source = ctx.sema.source(other)?;
    let same_file = source.file_id == ctx.sema.hir_file_for(node.syntax());
    let in_impl = |node: &ast::Fn| node.syntax().ancestors().find_map(ast::Impl::cast);
    let beside = match (in_impl(node), in_impl(&source.value)) {
        (Some(one), Some(other)) => {
            one.trait_().is_none() && one.syntax().text_range() == other.syntax().text_range()
        }
        (None, None) => in_module(node) == in_module(&source.value),
        _ => false,
    };
    let same = same_file && beside && signature(node)? == signature(&source.value)?;
    (same && hands_over(future, node)).then_some(other)
}

/// The module that a free function stands in. `None` for one in a block or a trait.
fn in_module(node: &ast::Fn) -> Option<TextRange> {
    let parent = node.syntax().parent()?;
    let is_module =
        ast::SourceFile::can_cast(parent.kind()) || ast::ItemList::can_cast(parent.kind());
    is_module.then(|| parent.text_range())
}

/// All that a caller sees of a function but its name and `async`. `None` for one that is private:
/// it is no more than a part of what its module does.
fn signature(node: &ast::Fn) -> Option<Vec<String>> {
    let list = node.param_list()?;
    let visibility = tokens_of(node.visibility()?.syntax());
    let receiver = list.self_param().map(|it| tokens_of(it.syntax()));
    let parameters = list.params().map(|it| tokens_of(it.syntax()));
    let rest = [
        node.generic_param_list().map(|it| it.syntax().clone()),
        node.where_clause().map(|it| it.syntax().clone()),
        node.ret_type().map(|it| it.syntax().clone()),
    ];
    let rest = rest.map(|it| it.as_ref().map_or_else(String::new, tokens_of));
    let all = [visibility]
        .into_iter()
        .chain(receiver)
        .chain(parameters)
        .chain(rest);
    Some(all.collect()).filter(|_| node.unsafe_token().is_none())
}

/// Whether a call hands over the parameters of a function as they are.
fn hands_over(call: &ast::Expr, node: &ast::Fn) -> bool {
    let named = |expr: ast::Expr| match expr {
        ast::Expr::PathExpr(path) => Some(path.syntax().text().to_string()),
        _ => None,
    };
    let (receiver, list) = match call {
        ast::Expr::MethodCallExpr(it) => (it.receiver(), it.arg_list()),
        ast::Expr::CallExpr(it) => (None, it.arg_list()),
        _ => return false,
    };
    let arguments = list.iter().flat_map(ast::ArgList::args);
    let handed: Option<Vec<String>> = receiver.into_iter().chain(arguments).map(named).collect();
    let Some(list) = node.param_list() else {
        return false;
    };
    let receiver = list.self_param().map(|_| "self".to_owned());
    let parameters = list.params().map(|it| match it.pat() {
        Some(ast::Pat::IdentPat(it)) => it.name().map(|name| name.text().to_string()),
        _ => None,
    });
    let taken: Option<Vec<String>> = receiver.map(Some).into_iter().chain(parameters).collect();
    taken.is_some() && taken == handed
}

/// A call of a facade, decided.
pub enum FacadeCall {
    /// In async code.
    Found(Box<Finding>),
    /// In a function that is not async.
    Inside(Box<Seed>),
    /// In code that can't wait.
    Stays,
}

/// The calls of facades, by the facade.
pub fn calls(
    ws: &WorkspaceContext<'_>,
    facades: &BTreeMap<FunctionKey, Facade>,
    own: &OwnCombinators,
) -> Vec<(FunctionKey, FacadeCall)> {
    let names: FxHashSet<String> = facades.values().map(|facade| facade.name.clone()).collect();
    let members = ws.members.mentioning(&names);
    let files: Vec<FileId> = members.iter().map(|member| member.file).collect();
    let (looked, _) = ws.look(&files, |ctx| {
        let mut seen = FxHashSet::default();
        let mut calls = Vec::new();
        for expr in ctx.calls_of(&names) {
            if inactive_cfg(ctx.sema, ctx.file, expr.syntax()).is_some() {
                continue;
            }
            let key = ctx.callee(&expr).and_then(|callee| key_of(ctx, callee));
            let range = ctx.source_range(expr.syntax());
            if let Some((key, range)) = key.zip(range)
                && let Some(facade) = facades.get(&key)
                && seen.insert(range)
            {
                calls.push((key, call(ctx, facade, (&expr, range), own)));
            }
        }
        calls
    });
    looked.into_iter().flat_map(|(_, calls)| calls).collect()
}

fn call(
    ctx: &FileContext<'_>,
    facade: &Facade,
    (expr, range): (&ast::Expr, TextRange),
    own: &OwnCombinators,
) -> FacadeCall {
    let Some(around) = Around::with(ctx, expr.syntax(), own) else {
        return FacadeCall::Stays;
    };
    let name = name_of_call(expr).and_then(|name| ctx.source_range(name.syntax()));
    let (Some(body), Some(name)) = (around.enclosing.body(), name) else {
        return FacadeCall::Stays;
    };
    let in_function = matches!(around.enclosing, Enclosing::SyncFn(_));
    let left_out = ctx.is_test_code(expr.syntax()) && !ctx.settings.include_tests;
    // Where one root is asked for, what stands in async code belongs to none.
    let outside = around.enclosing.is_async() && ctx.settings.root.is_some();
    if left_out || outside || !(around.enclosing.is_async() || in_function) {
        return FacadeCall::Stays;
    }
    let mut asides = Asides::default();
    let other = other_at(ctx, facade, expr);
    let call = FacadesCall {
        expr,
        range,
        name,
        body,
        around: &around,
    };
    let verdict = verdict(ctx, facade, &call, other, &mut asides);
    let finding = Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range,
        message: facade.words() + &today(ctx, &facade.api, &around.enclosing),
        why: asides.why,
        conversion: None,
        verdict,
    };
    let Enclosing::SyncFn(function) = &around.enclosing else {
        return FacadeCall::Found(Box::new(finding));
    };
    let Some(function) = definition(ctx, function) else {
        return FacadeCall::Stays;
    };
    let list = arguments(expr).and_then(|list| ctx.source_range(list.syntax()));
    let leads_to = leads_from(ctx, other.into_iter().collect());
    FacadeCall::Inside(Box::new(Seed {
        becomes_await: false,
        in_closure: false,
        function,
        finding,
        future: list.unwrap_or(range),
        future_text: ctx.slice(list.unwrap_or(range)).to_owned(),
        driver: facade.driver.clone(),
        not_send: asides.not_send,
        own: around.own().cloned().collect(),
        leads_to: leads_to
            .into_iter()
            .filter_map(|it| key_of(ctx, it))
            .collect(),
        api: facade.api.clone(),
        facade: None,
        of_facade: Some(facade.words()),
    }))
}

fn arguments(call: &ast::Expr) -> Option<ast::ArgList> {
    match call {
        ast::Expr::MethodCallExpr(it) => it.arg_list(),
        ast::Expr::CallExpr(it) => it.arg_list(),
        _ => None,
    }
}

/// The async function, if its name in the place of the facade's would be it.
fn other_at(ctx: &FileContext<'_>, facade: &Facade, call: &ast::Expr) -> Option<Function> {
    let scope = ctx.sema.scope(call.syntax())?;
    let named = match call {
        ast::Expr::MethodCallExpr(it) => {
            let ty = ctx.type_of(&it.receiver()?)?;
            let name = Name::new_root(&facade.other);
            ty.iterate_method_candidates(ctx.db, &scope, Some(&name), Some)?
        }
        ast::Expr::CallExpr(it) => match ctx.callee(call)?.as_assoc_item(ctx.db) {
            // What its type is called by names the other as well.
            Some(item) => beside(ctx, item, &facade.other)?,
            None => {
                let path = it.expr()?.syntax().text().to_string();
                let path = path.strip_suffix(&facade.name)?;
                ctx.function_in_scope(call.syntax(), &format!("{path}{}", facade.other))?
            }
        },
        _ => return None,
    };
    let is_it = key_of(ctx, named) == Some(facade.other_at);
    (is_it && named.is_visible_from(ctx.db, scope.module())).then_some(named)
}

/// The function of this name in the same impl.
fn beside(ctx: &FileContext<'_>, item: AssocItem, name: &str) -> Option<Function> {
    let AssocItemContainer::Impl(container) = item.container(ctx.db) else {
        return None;
    };
    let items = container.items(ctx.db).into_iter();
    items
        .filter_map(|item| item.as_function())
        .find(|it| it.name(ctx.db).as_str() == name)
}

/// Where a facade is called.
struct FacadesCall<'a> {
    expr: &'a ast::Expr,
    range: TextRange,
    /// Its name in the call.
    name: TextRange,
    /// The code around, and what of it the call stands in.
    body: SyntaxNode,
    around: &'a Around,
}

/// Whether the async function can be called and awaited instead.
fn verdict(
    ctx: &FileContext<'_>,
    facade: &Facade,
    call: &FacadesCall<'_>,
    other: Option<Function>,
    asides: &mut Asides,
) -> Verdict {
    let FacadesCall {
        expr: call,
        range,
        name,
        body,
        around,
    } = call;
    let (range, name) = (*range, *name);
    if let Some(advice) = comment_about(ctx, call.syntax(), &facade.name, range.end()) {
        return Verdict::Manual(advice);
    }
    let Some(other) = other else {
        let message = format!("`{}` can't be called by its name here", facade.other);
        return Verdict::Refused(Refusal::new(RefusalKind::R4, message));
    };
    let mut trust = Trust::default();
    let not_send = facade
        .not_send
        .as_ref()
        .map(|refusal| refusal.message.clone());
    let waiting = Waiting {
        place: call,
        future: call,
        not_send: not_send.or_else(|| made_of_not_send(ctx, call)),
    };
    if let Some(refusal) = waiting.refusal(ctx, around, body, asides, &mut trust) {
        return Verdict::Refused(refusal);
    }
    if let Some(name) = is_around(ctx, &leads_from(ctx, vec![other]), body) {
        let message = format!("`{name}` would await itself; box the future first");
        return Verdict::Refused(Refusal::new(RefusalKind::R9, message));
    }
    let mut effects = Vec::new();
    if let Some(cancelled) = cancellation(ctx, call.syntax()) {
        asides.why.push(cancelled);
        effects.push(Effect::Cancellation);
        trust.lower();
    }
    let change = match around.closures.is_empty() {
        true => {
            let mut change = Change::default();
            change.replace(ctx.file, name, &facade.other);
            change.insert(ctx.file, range.end(), ".await");
            change
        }
        false => {
            let before = TextRange::new(range.start(), name.start());
            let behind = TextRange::new(name.end(), range.end());
            let (head, tail) = (ctx.slice(before), ctx.slice(behind));
            let written = Written {
                range,
                text: format!("{head}{}{tail}.await", facade.other),
                kept: vec![before, behind],
            };
            match around.change(ctx, written) {
                Ok((change, _)) => change,
                Err(refusal) => return Verdict::Refused(refusal),
            }
        }
    };
    Verdict::Rewrite {
        safety: trust.safety(),
        change,
        effects,
    }
}

/// What is handed over to the future, or made for it, and is not `Send`.
fn made_of_not_send(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<String> {
    let receiver = match call {
        ast::Expr::MethodCallExpr(it) => it.receiver(),
        _ => None,
    };
    let list = arguments(call);
    let handed = receiver
        .into_iter()
        .chain(list.iter().flat_map(|it| it.args()));
    let is = |expr: &ast::Expr| {
        let types = ctx.sema.type_of_expr(expr);
        types.is_some_and(|ty| is_not_send(ctx, ty.adjusted.as_ref().unwrap_or(&ty.original)))
    };
    let handed = handed
        .filter(is)
        .find_map(|expr| ctx.source_text(expr.syntax()));
    let handed = handed.map(|text| format!("the future holds `{text}`, which is not `Send`"));
    handed.or_else(|| makes_not_send(ctx, call))
}
