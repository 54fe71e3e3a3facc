//! Awaits a future that async code drives with `block_on`, itself or through other functions.
//!
//! # What it does
//! Finds `block_on` in every spelling (`Handle::current().block_on(f)`, the functions of futures,
//! pollster, smol, async-std and tauri, and the postfix `f.block_on()`) where it stands in an async
//! function, block or closure, or in a function that such code calls, directly or through others.
//! The future is awaited there. The functions between become async, and every call of them is
//! awaited, in all files and crates of the workspace: one change, taken whole or not at all.
//!
//! A call that can't wait, in `main`, a test, a destructor, another crate's trait or a closure, drives
//! the future itself, with what drove it before; where the function is handed over as a value, a closure
//! does. A `block_on` that no async code comes to is left alone.
//!
//! Where a function drives futures with a runtime or a handle that it takes as a parameter, its callers
//! drive it with what they handed over; it is awaited where that is the handle of the runtime around. The
//! parameter goes with all that only handed it on, and what it spawned is spawned with `tokio::spawn`.
//!
//! `match Handle::try_current() { Ok(handle) => .., Err(_) => .. }`, with the same future on the current
//! runtime and on one that is made, is one `block_on`: async code has a runtime, and what calls the
//! function and can't wait does the same with its call.
//!
//! `--root` takes one change of several by the path of a function in it. A function that no async code
//! comes to becomes async if it is named so: what calls it drives it then.
//!
//! A function of a trait of the workspace becomes async in the trait and in all that implements it.
//! The trait promises that its future is `Send` where a caller with parameters for types may need it.
//! A trait that is used as `dyn` comes under `#[async_trait]`, if the packages depend on it.
//!
//! With `--keep-sync-api` a function that other crates can see keeps its name and signature, and drives
//! a new `NAME_async` beside it, which async code calls. It is exported where the function is, and
//! calls that can't wait stay as they are.
//!
//! A public function that does nothing but drive the async one beside it, with the same parameters,
//! is a `block_on` by another name: it stays for those who can't wait, and async code calls the
//! other one.
//!
//! A closure can't wait, but one that std calls there and then can be written out: what `map` and
//! `collect` do as a loop, what `Option::and_then` does as a `match`, each in the same order, and
//! with the same end at the first error. Where a function of the workspace takes the closure and only
//! calls it, the closure becomes async, and the call goes to a twin of the function: a copy of it with
//! `AsyncFnOnce` in the place of `FnOnce`, which awaits what the closure gives. The function stays for
//! its other callers, and a twin that is there already is used.
//!
//! # Why is this bad
//! tokio's own `block_on` panics on an async thread: "Cannot start a runtime from within a
//! runtime". The others stop the thread, and with it every task that waits for it, until the future
//! ends; where the future needs one of those tasks, that is never. The message says which it is: where
//! the attribute of the async function starts a multi_thread runtime, one of several threads stops,
//! silently; where it starts a current_thread runtime, as `#[tokio::test]` does, it is the only one.
//!
//! # Before
//! ```rust
//! use tokio::runtime::Handle;
//!
//! async fn knock(address: &str) -> std::io::Result<()> {
//!     tokio::net::TcpStream::connect(address).await?;
//!     Ok(())
//! }
//!
//! fn knock_twice(address: &str) -> std::io::Result<()> {
//!     Handle::current().block_on(knock(address))?;
//!     Handle::current().block_on(knock(address))
//! }
//!
//! async fn start() -> std::io::Result<()> {
//!     knock_twice("127.0.0.1:7500")?;
//!     Ok(())
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn knock(address: &str) -> std::io::Result<()> {
//!     tokio::net::TcpStream::connect(address).await?;
//!     Ok(())
//! }
//!
//! async fn knock_twice(address: &str) -> std::io::Result<()> {
//!     knock(address).await?;
//!     knock(address).await
//! }
//!
//! async fn start() -> std::io::Result<()> {
//!     knock_twice("127.0.0.1:7500").await?;
//!     Ok(())
//! }
//! ```
//!
//! # When it refuses
//! - The receiver is a runtime of its own, or a handle that is not known to be the current one; or async
//!   code hands over such a one (R1).
//! - The future's type is not known (R2), or it is not `Send` where it would have to be (R3).
//! - The call stands in a closure that is called there and then, by something that has no counterpart
//!   that waits, such as `sort_by_key` or `retain`, or by a function of the workspace that can't have a
//!   twin: it drives futures itself, is long, or the twin's name stands somewhere already (F6). It holds a
//!   guard meanwhile (F21), or its package or the caller's is to compile without async closures (F22,
//!   R6). Nothing can promise that the future of an async closure is `Send`, where it has to be (F15).
//! - A file that would change must not be edited (R8).
//! - A guard, or another value that is not `Send`, would be held while the future waits (R9).
//! - Left to a person: a comment says why the call is there.
//!
//! A function between stays as it is, and so does the `block_on`:
//! - Its trait, one of the workspace, can't change with all that implement it (F5). It is a `const fn`
//!   (F8), is called by another language (F9), stands under an attribute macro that may not take an async
//!   function (F11), has no body (F14), takes a value that is not `Send` where its future has to be
//!   (F15), or its crate is `no_std` (F20) or of edition 2015 (F22).
//! - It is stored or compared as a function (F16), or registered as a handler (F17). It is handed over as
//!   a function to what does not say that it is called (F7).
//! - Its name stands in code that this configuration does not compile, in an example of the
//!   documentation, or in a file that no crate includes (F12), in an attribute or a string in one
//!   (F11), or where nobody can tell what it is, such as the arguments of a macro that can't be read
//!   (R4). Every place where the name or an alias of it stands is looked at; one that can't be
//!   accounted for is enough.
//! - It is called where a guard is held (F21), or where nothing can drive the future (the kind of
//!   what stands there: F1 `main`, F2 a test, F3 `drop`, F4 another crate's trait, F6 a closure, F7 a
//!   function that is handed over, F11 a macro, F18 an operator, F19 an iterator that is driven
//!   elsewhere).
//! - It gives back a future already, and would give one in another (R5), or is spawned in a function
//!   that it leads to (F10).
//! - Another `block_on` in it stays, or one would be driven inside of another that can't be (R9).
//! - It is to keep its signature, and can't over an async function: a parameter has no name, it is
//!   unsafe, the new name is in use, nothing can drive the future there, or it is called in a closure
//!   that would have to be written out (F13).
//! - More functions would become async together than `--max-functions` allows (R7).
//!
//! `Handle::block_on` can only take the place of a call in a closure of tokio's `spawn_blocking` or
//! `block_in_place`: on other threads it panics. `block_on` of futures can't be nested, and takes the
//! place of none. A `block_on` in another closure is left alone: one that is offloaded may block, and
//! of another it is not known where it runs.
//!
//! # Safety
//! Safe: what panicked or stopped the thread waits. Unsafe where a `select!`, a `timeout` or an
//! `abort` stands around it, for it can now be dropped half way; where a runtime was made if there was
//! none; where the future is not known to be
//! `Send`, or a value that is not is dropped before but was borrowed, for the compiler takes it to be
//! held; where a call, or a function that keeps its signature, has to drive the future itself; where
//! other crates can see a function that becomes async (F13); where `#[track_caller]` on one does
//! nothing any more (F14); and where a closure becomes async, for whether its future is `Send` shows only
//! where it is used.

mod chain;
mod conversion;
mod explain;
mod facades;
mod postconditions;
mod seed;
mod waiting;

use std::{collections::BTreeMap, sync::Arc};

use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use self::{
    facades::{Facade, FacadeCall},
    seed::Seed,
    waiting::Waiting,
};
use crate::{
    analysis::{
        awaited::Future,
        closures::Around,
        driven::is_block_on,
        either_runtime::EitherRuntime,
        functions::FunctionKey,
        handed_runtime::is_parameter,
        handle::other_runtime,
        held::refutes_send,
        in_place::{InPlace, Trust, cancellation, endless},
        own_combinators::{OwnCombinator, OwnCombinators},
        severity::{Severity, flavor_of},
        surroundings::comment_about,
    },
    codemod::{Codemod, Effect, Finding, Findings, Note, Pass, Safety, Verdict},
    context::{Call, Enclosing, FileContext},
    knowledge::{Api, Role},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "block-on-in-async",
    summary: "a future that async code drives with block_on",
    title: Some("Await futures instead of blocking on them"),
    docs: include_str!("block_on_in_async.rs"),
    safety: Safety::Safe,
    opt_in: false,
    triggers: |knowledge| knowledge.triggers(is_block_on),
    tokens: |tokens| tokens.name_an_api(),
    candidates: |outline, knowledge| outline.calls(knowledge, is_block_on),
    pass: Pass::Workspace(pass),
};

/// What is counted where no async code comes to a call.
const BRIDGES: &str = "block_on that is a legitimate bridge, for no async code comes to it";

/// What is counted where only one root is asked for.
const OUTSIDE: &str = "block_on outside of the root (--root)";

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    let candidates = ws.members.candidates();
    if candidates.is_empty() {
        return;
    }
    let own = OwnCombinators::of(ws);
    let (looked, _) = ws.look(&candidates, |ctx| in_file(ctx, &own));
    let mut seeds = Vec::new();
    let mut in_own = Vec::new();
    for (_, it) in looked {
        findings.add(it.found);
        seeds.extend(it.inside);
        in_own.extend(it.in_own);
    }
    let seeds = through_facades(ws, seeds, &own, findings);
    let graph = chain::follow(ws, seeds, &own, findings);
    for (mut finding, own) in in_own {
        let stays = own.iter().find(|it| graph.nodes.contains_key(&it.key));
        if let (Some(own), Verdict::Rewrite { .. }) = (stays, &finding.verdict) {
            finding.verdict = Verdict::Refused(own.becomes_async());
        }
        findings.items.push(finding);
    }
}

/// The calls of functions that do nothing but drive another, in the place of what these do.
fn through_facades(
    ws: &WorkspaceContext<'_>,
    mut seeds: Vec<Seed>,
    own: &OwnCombinators,
    findings: &mut Findings,
) -> Vec<Seed> {
    let facades = seeds.iter_mut();
    let mut facades: BTreeMap<FunctionKey, Facade> = facades
        .filter_map(|seed| Some((seed.function.key, seed.facade.take()?)))
        .collect();
    if facades.is_empty() {
        return seeds;
    }
    let calls = facades::calls(ws, &facades, own);
    // What only async code calls would be left without a use.
    facades.retain(|key, facade| {
        let mut calls = calls.iter().filter(|(of, _)| of == key);
        facade.is_public || calls.any(|(_, call)| !matches!(call, FacadeCall::Found(_)))
    });
    seeds.retain(|seed| {
        let stays = facades.contains_key(&seed.function.key);
        if stays {
            findings.quiet(BRIDGES);
        }
        !stays
    });
    for (_, call) in calls.into_iter().filter(|(of, _)| facades.contains_key(of)) {
        match call {
            FacadeCall::Found(finding) => findings.items.push(*finding),
            FacadeCall::Inside(seed) => seeds.push(*seed),
            FacadeCall::Stays => {}
        }
    }
    seeds
}

/// What the calls of one file are.
struct InFile {
    /// Those in async code, decided.
    found: Findings,
    /// Those of them in closures that functions of the workspace call, with these.
    in_own: Vec<(Finding, Vec<Arc<OwnCombinator>>)>,
    /// Those in functions that are not async.
    inside: Vec<Seed>,
}

fn in_file(ctx: &FileContext<'_>, own: &OwnCombinators) -> InFile {
    let mut found = Findings::default();
    let (mut inside, mut in_own) = (Vec::new(), Vec::new());
    for call in ctx.calls(is_block_on) {
        let either = EitherRuntime::around(ctx, &call);
        if either.as_ref().is_some_and(|it| !it.is_current) {
            // The other of the two calls stands for both.
            continue;
        }
        let whole = either.as_ref().map_or(&call.expr, |it| &it.whole);
        let Some(around) = Around::with(ctx, whole.syntax(), own) else {
            continue;
        };
        let in_function = matches!(around.enclosing, Enclosing::SyncFn(_));
        let body = around.enclosing.body();
        let Some(body) = body.filter(|_| around.enclosing.is_async() || in_function) else {
            continue;
        };
        if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
            found.quiet("block_on in tests (--include-tests)");
            continue;
        }
        if !in_function && ctx.settings.root.is_some() {
            found.quiet(OUTSIDE);
            continue;
        }
        let mut asides = Asides::default();
        let verdict = verdict(ctx, &call, either.as_ref(), &around, &body, &mut asides);
        let api = either.as_ref().map_or(call.api, |it| it.api);
        let finding = Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message: today(ctx, api, &around.enclosing),
            why: asides.why,
            conversion: None,
            verdict,
        };
        match &around.enclosing {
            Enclosing::SyncFn(function) => match Seed::new(ctx, &call, function, finding) {
                Some(mut seed) => {
                    seed.not_send = asides.not_send;
                    seed.own = around.own().cloned().collect();
                    seed.becomes_await =
                        becomes_await(&call) && either.is_none() && seed.own.is_empty();
                    seed.in_closure = !around.closures.is_empty();
                    if let Some(either) = &either {
                        seed.api = either.api.clone();
                        seed.driver = either.driver.clone();
                    } else if around.closures.is_empty() {
                        seed.facade = Facade::of(ctx, &call, function, &seed);
                    }
                    inside.push(seed);
                }
                None => found.quiet(BRIDGES),
            },
            _ if around.own().next().is_some() => {
                in_own.push((finding, around.own().cloned().collect()));
            }
            _ => found.items.push(finding),
        }
    }
    InFile {
        found,
        in_own,
        inside,
    }
}

/// Whether a call becomes its future with no more than `.await` behind it.
fn becomes_await(call: &Call<'_>) -> bool {
    let Role::BlockOn { future, .. } = &call.api.role else {
        return false;
    };
    matches!(
        call.argument(*future),
        Some(ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_) | ast::Expr::PathExpr(_))
    )
}

/// What is known beside the verdict.
#[derive(Default)]
struct Asides {
    why: Vec<Note>,
    /// What refutes that the future of the code around would be `Send`.
    not_send: Option<Refusal>,
}

/// What a call does today to the code around it.
fn today(ctx: &FileContext<'_>, api: &Api, enclosing: &Enclosing) -> String {
    let flavor = match enclosing {
        Enclosing::AsyncFn(function) => flavor_of(ctx, function),
        _ => None,
    };
    Severity::of(api, flavor).sentence(&api.path)
}

/// The one place where it is decided; each refusal says why.
fn verdict(
    ctx: &FileContext<'_>,
    call: &Call<'_>,
    either: Option<&EitherRuntime<'_>>,
    around: &Around,
    body: &SyntaxNode,
    asides: &mut Asides,
) -> Verdict {
    let whole = either.map_or(&call.expr, |it| &it.whole);
    let refuse = |kind, message: &str| Verdict::Refused(Refusal::new(kind, message));
    let Role::BlockOn { future, .. } = &call.api.role else {
        return refuse(RefusalKind::R2, "the call drives no future");
    };
    let Some(future) = call.argument(*future).cloned() else {
        return refuse(RefusalKind::R2, "the future is not an argument of the call");
    };
    let until = ctx
        .source_range(future.syntax())
        .map_or(call.range.end(), TextRange::start);
    if let Some(advice) = comment_about(ctx, whole.syntax(), call.api.name(), until) {
        return Verdict::Manual(advice);
    }
    let innermost = around.closures.first().map(|it| it.closure.syntax());
    let is_handed = call
        .receiver
        .as_ref()
        .is_some_and(|it| is_parameter(ctx, it));
    if !is_handed
        && either.is_none()
        && let Some(refusal) = other_runtime(ctx, call, body, innermost)
    {
        return Verdict::Refused(refusal);
    }
    if !ctx.is_known_future(&future) {
        return refuse(RefusalKind::R2, "the type of the future is not known");
    }
    let future = Future::Expr(future);
    let mut trust = Trust::default();
    let waiting = Waiting {
        place: whole,
        future: future.expr(),
        not_send: refutes_send(ctx, &future),
    };
    if let Some(refusal) = waiting.refusal(ctx, around, body, asides, &mut trust) {
        return Verdict::Refused(refusal);
    }
    if let Some(refusal) = endless(ctx, &future, body) {
        return Verdict::Refused(refusal);
    }
    let mut effects = Vec::new();
    if either.is_some() {
        asides.why.push(Note::new(
            "without a runtime it makes one, and awaited it needs that of its caller",
        ));
        trust.lower();
    }
    if let Some(cancelled) = cancellation(ctx, whole.syntax()) {
        asides.why.push(cancelled);
        effects.push(Effect::Cancellation);
        trust.lower();
    }
    let in_place = InPlace {
        whole,
        future: &future,
        owned: false,
        in_block: false,
        clones: &[],
    };
    let Some(written) = in_place.written(ctx) else {
        let message = "the call stands in what a macro makes, and can't be edited in the file";
        return refuse(RefusalKind::R8, message);
    };
    let (change, comments) = match around.change(ctx, written) {
        Ok(changed) => changed,
        Err(refusal) => return Verdict::Refused(refusal),
    };
    if comments {
        asides
            .why
            .push(Note::new("a comment in the call goes away with it"));
        trust.lower();
    }
    let safety = trust.safety();
    Verdict::Rewrite {
        safety,
        change,
        effects,
    }
}
