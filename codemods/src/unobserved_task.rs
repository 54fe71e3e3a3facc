//! Logs the error of a spawned task whose handle nobody looks at.
//!
//! # What it does
//! Finds tasks that are spawned and whose handle is dropped: as a statement, by `let _ =`, by
//! `drop(..)`, as a name that nothing mentions, or as the last value of a block that is dropped in
//! turn. Where the task's output is a `Result`, its error is logged inside the task, with the
//! logger that the package already depends on. The type of the output decides: a task that handles
//! its own errors has the output `()`, and there is nothing to say about it; neither is there
//! where the error is `()`.
//!
//! `[codemod.unobserved-task]` in unpark.toml has three options. `style = "helper"` spawns through
//! one `spawn_logged`, written once for each crate, which logs panics too. `panics = true` also
//! finds tasks that can't fail, and spawns them through the helper. `span = true` runs the logged
//! task in the span that is current where it is spawned.
//!
//! `[[observed]]` names a function of your own that sees to the error: the one that spawns, the one that
//! makes the future (`spawn(logged(work()))`), or the one that has the last word in an async block
//! which nothing leaves before (`spawn(async { report(work().await) })`). Such a task is no finding.
//!
//! # Why is this bad
//! An error that a dropped handle carries is seen by nobody. The task is simply gone, and the
//! service goes on without its heartbeat, its cache refresh or its writer.
//!
//! # Before
//! ```rust
//! async fn heartbeat(address: String) -> std::io::Result<()> {
//!     loop {
//!         tokio::net::TcpStream::connect(&address).await?;
//!         tokio::time::sleep(std::time::Duration::from_secs(30)).await;
//!     }
//! }
//!
//! pub fn start(address: String) {
//!     tokio::spawn(heartbeat(address));
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn heartbeat(address: String) -> std::io::Result<()> {
//!     loop {
//!         tokio::net::TcpStream::connect(&address).await?;
//!         tokio::time::sleep(std::time::Duration::from_secs(30)).await;
//!     }
//! }
//!
//! pub fn start(address: String) {
//!     let task = heartbeat(address);
//!     tokio::spawn(async move {
//!         if let Err(error) = task.await {
//!             tracing::error!(%error, "background task `heartbeat` failed");
//!         }
//!     });
//! }
//! ```
//!
//! # When it refuses
//! - The output or the error is of a type that is not known (R2).
//! - The package has its logger only behind a feature that the place is not itself behind, or on some
//!   targets (R6): the message says how to have it on every build.
//! - The handle is the value of a match or if arm, or of a body with a `return`, where the others
//!   must have the same type; or the call says of which type the future is (R5).
//! - In the helper style, the root of the crate must not be edited (R8).
//!
//! Where the logger is `slog`, whose macros take a value of the project's own, it says what to do and
//! edits nothing.
//!
//! # Safety
//! Safe: the task runs as before, and its error is logged, or printed to stderr in a package
//! without a logger. Unsafe where that package is a library that can be published, for those who
//! use it own their stderr; with the helper style, which adds a task that watches; and for runtimes
//! whose handle cancels the task when it is dropped (smol): there the task would now run to its
//! end.

mod site;

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, TextRange, ast};

use crate::{
    analysis::{
        discard::{Dropped, Fate, fate_of},
        observed::is_observed,
        spawned::{cannot_fail, gives_nothing, task_name},
    },
    codemod::{Candidate, Codemod, Finding, Findings, IN_TESTS, Pass, Safety, Verdict},
    context::{Call, FileContext, Output},
    knowledge::{Knowledge, OnDrop, Role},
    outline::Outline,
    refusal::{Refusal, RefusalKind},
};
use site::Site;

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "unobserved-task",
    summary: "a spawned task whose error nobody sees",
    title: Some("Log the errors of background tasks"),
    docs: include_str!("unobserved_task.rs"),
    safety: Safety::Safe,
    opt_in: false,
    triggers: |knowledge| knowledge.triggers(is_spawn),
    tokens: |tokens| tokens.name_an_api(),
    candidates,
    pass: Pass::File(pass),
};

/// Whether it spawns a task.
pub(crate) fn is_spawn(role: &Role) -> bool {
    matches!(role, Role::Spawn { .. })
}

/// How the summary counts what the user's own functions see to.
const OBSERVED: &str = "tasks that functions of unpark.toml observe";

fn candidates(outline: &Outline<'_>, knowledge: &Knowledge) -> Vec<Candidate> {
    let mut candidates = outline.calls(knowledge, is_spawn);
    for candidate in &mut candidates {
        // Without types, only what is dropped on the spot is worth a word.
        if !is_dropped_on_the_spot(outline.file, candidate.range) {
            candidate.path = None;
        }
    }
    candidates
}

fn is_dropped_on_the_spot(file: &SourceFile, call: TextRange) -> bool {
    let node = match file.syntax().covering_element(call) {
        NodeOrToken::Node(node) => node,
        NodeOrToken::Token(_) => return false,
    };
    let Some(parent) = node.ancestors().find(|it| it.text_range() != call) else {
        return false;
    };
    let wildcard =
        |it: ast::LetStmt| it.ty().is_none() && matches!(it.pat(), Some(ast::Pat::WildcardPat(_)));
    ast::ExprStmt::can_cast(parent.kind()) || ast::LetStmt::cast(parent).is_some_and(wildcard)
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for call in ctx.calls(is_spawn) {
        if let Some(finding) = judge(ctx, &call, findings) {
            findings.items.push(finding);
        }
    }
}

fn judge<'a>(ctx: &FileContext<'a>, call: &Call<'a>, findings: &mut Findings) -> Option<Finding> {
    let Role::Spawn {
        future,
        on_drop,
        wrapped,
        ..
    } = &call.api.role
    else {
        return None;
    };
    if *on_drop == OnDrop::Owned {
        return None;
    }
    let future = call.argument(*future)?;
    let range = ctx.source_range(future.syntax())?;
    let handle = match wrapped {
        Some(_) => unwrapped(&call.expr),
        None => call.expr.clone(),
    };
    let Fate::Dropped { how, statement } = fate_of(ctx, &handle) else {
        return None;
    };
    if *on_drop == OnDrop::Cancel && how == Dropped::UnusedName {
        // The name keeps the task alive until the end of its scope.
        return None;
    }
    if ctx.is_test_code(call.expr.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return None;
    }
    let name = task_name(ctx, future);
    let site = Site {
        ctx,
        call,
        future,
        range,
        name: &name,
        handle: &handle,
        statement,
    };
    let cancels = *on_drop == OnDrop::Cancel && how != Dropped::Detached;
    if !cancels && is_observed(ctx, call, future) {
        findings.quiet(OBSERVED);
        return None;
    }
    match ctx.output_of_future(future) {
        Output::Unknown if gives_nothing(ctx, future) && !cancels => {
            findings.quiet("tasks without an error to lose");
            None
        }
        Output::Unknown => Some(site.finding(
            format!("{name} may fail unseen: its handle is dropped"),
            Vec::new(),
            Verdict::Refused(Refusal::new(
                RefusalKind::R2,
                "the output of the spawned future is not known, so neither is whether it can be \
                 an error",
            )),
        )),
        Output::Result(error) if !says_nothing(ctx, &error) && !cannot_fail(ctx, future) => {
            Some(site.with_error(&error, how, cancels))
        }
        Output::Result(_) | Output::Other(_) if cancels => Some(site.cancelled(None, how)),
        Output::Other(output)
            if ctx.settings.unobserved_task.panics && output.is_unit() && how != Dropped::Arm =>
        {
            site.with_panic()
        }
        Output::Result(_) | Output::Other(_) => {
            findings.quiet("tasks without an error to lose");
            None
        }
    }
}

/// The handle in the `Result` or `Option` that the call gives: behind `?`, `unwrap` or `expect`.
fn unwrapped(call: &ast::Expr) -> ast::Expr {
    let Some(parent) = call.syntax().parent() else {
        return call.clone();
    };
    if let Some(tried) = ast::TryExpr::cast(parent.clone()) {
        return tried.into();
    }
    match ast::MethodCallExpr::cast(parent) {
        Some(method)
            if method
                .name_ref()
                .is_some_and(|name| matches!(name.text(), "unwrap" | "expect")) =>
        {
            method.into()
        }
        _ => call.clone(),
    }
}

/// Whether a value of this type tells nobody anything: `()`, or what can't be.
fn says_nothing<'a>(ctx: &FileContext<'a>, error: &Type<'a>) -> bool {
    error.is_unit() || error.is_never() || ctx.is_adt(error, "core::convert::Infallible")
}
