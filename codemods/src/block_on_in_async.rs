//! Awaits a future that async code drives with `block_on`.
//!
//! # What it does
//! Finds `block_on` in every spelling (`Handle::current().block_on(f)`, the functions of futures,
//! pollster, smol, async-std and tauri, and the postfix `f.block_on()`) where it stands directly in
//! an async function, block or closure. The future is awaited there.
//!
//! A closure can't wait, but one that std calls there and then can be written out: what `map` and
//! `collect` do as a loop, what `Option::and_then` does as a `match`, each in the same order, and
//! with the same end at the first error.
//!
//! # Why is this bad
//! tokio's own `block_on` panics on an async thread: "Cannot start a runtime from within a
//! runtime". The others stop the thread, and with it every task that waits for it, until the future
//! ends; where the future needs one of those tasks, that is never.
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
//! async fn start() -> std::io::Result<()> {
//!     Handle::current().block_on(knock("127.0.0.1:7500"))?;
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
//! async fn start() -> std::io::Result<()> {
//!     knock("127.0.0.1:7500").await?;
//!     Ok(())
//! }
//! ```
//!
//! # When it refuses
//! - The receiver is a runtime of its own, or a handle that is not known to be the current one
//!   (R1).
//! - The future's type is not known (R2), or it is known not to be `Send` (R3).
//! - The call stands in a closure that is called there and then, by something that has no counterpart
//!   that waits, such as `sort_by_key` or `retain` (F6).
//! - The call stands in what a macro makes, and not in the file (R8).
//! - A guard, or another value that is not `Send`, would be held while the future waits (R9).
//! - Left to a person: a comment says why the call is there.
//!
//! Calls in other closures are left alone: one that is offloaded may block, and of another it is not
//! known where it runs. So are calls in functions that are not async.
//!
//! # Safety
//! Safe: what panicked or stopped the thread waits. Unsafe where a `select!`, a `timeout` or an
//! `abort` stands around it, for it can now be dropped half way; and where a value that is not `Send`
//! is dropped before, but was borrowed, for the compiler takes it to be held.

use ra_ap_syntax::{AstNode, SyntaxNode, TextRange};

use crate::{
    analysis::{
        awaited::Future,
        closures::Around,
        driven::is_block_on,
        handle::other_runtime,
        held::refutes_send,
        in_place::{InPlace, Trust, cancellation, endless, held},
        surroundings::comment_about,
    },
    codemod::{Codemod, Effect, Finding, Findings, Note, Pass, Safety, Verdict},
    context::{Call, FileContext},
    knowledge::{InAsync, Role},
    refusal::{Refusal, RefusalKind},
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "block-on-in-async",
    summary: "a future that async code drives with block_on",
    docs: include_str!("block_on_in_async.rs"),
    safety: Safety::Safe,
    triggers: |knowledge| knowledge.triggers(is_block_on),
    candidates: |outline, knowledge| outline.calls(knowledge, is_block_on),
    pass: Pass::File(pass),
};

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for call in ctx.calls(is_block_on) {
        let around = Around::of(ctx, call.expr.syntax());
        let Some(around) = around.filter(|around| around.enclosing.is_async()) else {
            continue;
        };
        let Some(body) = around.enclosing.body() else {
            continue;
        };
        if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
            findings.quiet("block_on in tests (--include-tests)");
            continue;
        }
        let mut why = Vec::new();
        let verdict = verdict(ctx, &call, &around, &body, &mut why);
        findings.items.push(Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message: message(&call),
            why,
            verdict,
        });
    }
}

/// What the call does today.
fn message(call: &Call<'_>) -> String {
    let path = &call.api.path;
    match call.api.role {
        Role::BlockOn {
            in_async: InAsync::Panics,
            ..
        } => format!("`{path}` panics on an async thread"),
        _ => format!("`{path}` stops this async thread until the future ends, and may hang"),
    }
}

/// The one place where it is decided; each refusal says why.
fn verdict(
    ctx: &FileContext<'_>,
    call: &Call<'_>,
    around: &Around,
    body: &SyntaxNode,
    why: &mut Vec<Note>,
) -> Verdict {
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
    if let Some(advice) = comment_about(ctx, call.expr.syntax(), call.api.name(), until) {
        return Verdict::Manual(advice);
    }
    let innermost = around.closures.first().map(|it| it.closure.syntax());
    if let Some(refusal) = other_runtime(ctx, call, body, innermost) {
        return Verdict::Refused(refusal);
    }
    if ctx.type_of(&future).is_none_or(|ty| ty.contains_unknown()) {
        return refuse(RefusalKind::R2, "the type of the future is not known");
    }
    let future = Future::Expr(future);
    if let Some(words) = refutes_send(ctx, &future) {
        return refuse(RefusalKind::R3, &words);
    }
    let mut trust = Trust::default();
    if let Some(refusal) =
        held(ctx, call.expr.syntax(), body, &mut trust, why).or_else(|| endless(ctx, &future, body))
    {
        return Verdict::Refused(refusal);
    }
    let mut effects = Vec::new();
    if let Some(cancelled) = cancellation(ctx, call.expr.syntax()) {
        why.push(cancelled);
        effects.push(Effect::Cancellation);
        trust.lower();
    }
    let in_place = InPlace {
        whole: &call.expr,
        future: &future,
        owned: false,
        in_block: false,
        clones: &[],
    };
    let Some(written) = in_place.written(ctx) else {
        let message = "the call stands in what a macro makes, and can't be edited in the file";
        return refuse(RefusalKind::R8, message);
    };
    let (change, comments) = match around.written(ctx, written) {
        Ok(written) => written.change(ctx),
        Err(refusal) => return Verdict::Refused(refusal),
    };
    if comments {
        why.push(Note::new("a comment in the call goes away with it"));
        trust.lower();
    }
    let safety = trust.safety();
    Verdict::Rewrite {
        safety,
        change,
        effects,
    }
}
