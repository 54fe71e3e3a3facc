//! Awaits the future that an async block gives, where nobody else does.
//!
//! # What it does
//! Finds async blocks whose value is itself a future, and whose output is dropped: the task's handle
//! is, or what an `.await` or `join_all` gives. Where the inner future is made by an `async fn` or is
//! an async block, it is awaited inside of the block.
//!
//! # Why is this bad
//! A future does nothing before it is polled. `tokio::spawn(async move { sweep(path) });` looks like
//! a task that sweeps; it is a task that makes a future and drops it. Neither the compiler nor clippy
//! says a word where the block is spawned or its output discarded.
//!
//! # Before
//! ```rust
//! async fn sweep(path: String) {
//!     println!("sweeping {path}");
//! }
//!
//! pub fn start(path: String) {
//!     tokio::spawn(async move {
//!         println!("starting");
//!         sweep(path)
//!     });
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn sweep(path: String) {
//!     println!("sweeping {path}");
//! }
//!
//! pub fn start(path: String) {
//!     tokio::spawn(async move {
//!         println!("starting");
//!         sweep(path).await
//!     });
//! }
//! ```
//!
//! # When it refuses
//! - The inner future is not `Send`, and the code around has to be (R3).
//! - The block has other ends as well, which give futures of the same type (R5).
//! - A guard would be held while it waits, or it would come to await itself (R9).
//! - Left to a person: the inner future is made by a function that is not async, and that may have
//!   done its part already; the value is that of an `if` or `match`; or a comment speaks of it.
//!
//! What is returned, stored, passed on or awaited a second time is fine: that is what a future in a
//! future is for. So is a handle (of a task, or the end of a channel) that a block gives.
//!
//! # Safety
//! Unsafe: the future has never run, and does now.

use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    analysis::{
        awaited::{Future, awaited_at},
        control::leaves_early,
        dropped_output::dropped_with,
        in_place::polled_anew,
        lazy::{Unpolled, unpolled},
        surroundings::comment_with,
    },
    change::Change,
    codemod::{
        Candidate, Codemod, Effect, Finding, Findings, IN_TESTS, Note, Pass, Safety, Verdict,
    },
    context::FileContext,
    knowledge::Knowledge,
    outline::Outline,
    refusal::{Refusal, RefusalKind},
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "nested-future",
    summary: "an async block that gives a future which nobody polls",
    title: Some("Await futures that async blocks give away"),
    docs: include_str!("nested_future.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |_| vec!["async".to_owned()],
    tokens: |tokens| tokens.have_async_block(),
    candidates,
    pass: Pass::File(pass),
};

/// Words of a comment that says why the inner future is left alone.
const REASONS: [&str; 3] = ["future", "lazy", "poll"];

fn candidates(outline: &Outline<'_>, _: &Knowledge) -> Vec<Candidate> {
    let tails = outline
        .async_blocks()
        .filter_map(|block| inner_of(&block))
        .map(|inner| Candidate {
            range: inner.syntax().text_range(),
            path: None,
        });
    tails.collect()
}

/// The value of an async block, if it may be a future by its tree.
fn inner_of(block: &ast::BlockExpr) -> Option<ast::Expr> {
    if !matches!(block.modifier(), Some(ast::BlockModifier::Async(_))) {
        return None;
    }
    let inner = block.stmt_list()?.tail_expr()?;
    may_be_future(&inner).then_some(inner)
}

fn may_be_future(inner: &ast::Expr) -> bool {
    match inner {
        ast::Expr::CallExpr(call) => !makes_variant(call),
        ast::Expr::MethodCallExpr(_) => true,
        ast::Expr::BlockExpr(block) => match block.modifier() {
            Some(ast::BlockModifier::Async(_)) => true,
            None => block
                .stmt_list()
                .and_then(|list| list.tail_expr())
                .is_some_and(|inner| may_be_future(&inner)),
            Some(_) => false,
        },
        ast::Expr::ParenExpr(inner) => inner.expr().is_some_and(|inner| may_be_future(&inner)),
        ast::Expr::MatchExpr(_) => true,
        ast::Expr::IfExpr(it) => it.else_branch().is_some(),
        _ => false,
    }
}

/// `Ok(())` and its like: what has such a name is no function.
fn makes_variant(call: &ast::CallExpr) -> bool {
    let Some(ast::Expr::PathExpr(callee)) = call.expr() else {
        return false;
    };
    let name = callee.path().and_then(|path| path.segment()?.name_ref());
    name.is_some_and(|name| name.text().starts_with(char::is_uppercase))
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for block in ctx
        .source
        .syntax()
        .descendants()
        .filter_map(ast::BlockExpr::cast)
    {
        if let Some(inner) = inner_of(&block) {
            judge(ctx, &block, &inner, findings);
        }
    }
}

fn judge(
    ctx: &FileContext<'_>,
    block: &ast::BlockExpr,
    inner: &ast::Expr,
    findings: &mut Findings,
) {
    let Some(found) = unpolled(ctx, inner) else {
        return;
    };
    let output = ctx.type_of(inner);
    let dropped = output.and_then(|ty| dropped_with(ctx, &block.clone().into(), &ty));
    let (Some(dropped), Some(range)) = (dropped, ctx.source_range(inner.syntax())) else {
        findings.quiet("async blocks whose future somebody gets");
        return;
    };
    if ctx.is_test_code(block.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return;
    }
    let mut why = vec![Note::at(
        ctx.source_range(dropped.syntax())
            .map(|range| (ctx.file, range)),
        "the future is dropped with this",
    )];
    let verdict = verdict(ctx, block, (inner, range), found, &mut why);
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range,
        message: "the async block gives a future that nobody polls".to_owned(),
        why,
        conversion: None,
        verdict: verdict.unwrap_or_else(Verdict::Refused),
    });
}

/// The one place where it is decided; each refusal says why.
fn verdict(
    ctx: &FileContext<'_>,
    block: &ast::BlockExpr,
    (inner, range): (&ast::Expr, TextRange),
    found: Unpolled,
    why: &mut Vec<Note>,
) -> Result<Verdict, Refusal> {
    if let Some(advice) = comment_with(ctx, inner.syntax(), "await", &REASONS, range.end()) {
        return Ok(Verdict::Manual(advice));
    }
    if matches!(
        inner,
        ast::Expr::IfExpr(_) | ast::Expr::MatchExpr(_) | ast::Expr::ParenExpr(_)
    ) || is_block(inner)
    {
        let help = "await the future in each arm, where one is meant to run";
        return Ok(Verdict::Manual(help.to_owned()));
    }
    if found == Unpolled::MaybeBegun {
        let help = "what makes the future is not async, and may have begun its work already; add \
                    `.await` if it is meant to run to its end";
        return Ok(Verdict::Manual(help.to_owned()));
    }
    if leaves_early(ctx, block.syntax()) {
        let message = "the block has other ends, which give a future too";
        return Err(Refusal::new(RefusalKind::R5, message));
    }
    let future = Future::Expr(inner.clone());
    if let Some(refusal) = polled_anew(ctx, &future, inner.syntax(), block.syntax(), why) {
        return Err(refusal);
    }
    let text = awaited_at(ctx, &future, inner, range, false).expect("it is a node of the file");
    let mut change = Change::default();
    change.replace(ctx.file, range, text);
    Ok(Verdict::Rewrite {
        safety: Safety::Unsafe,
        change,
        effects: vec![Effect::Timing],
    })
}

fn is_block(inner: &ast::Expr) -> bool {
    matches!(inner, ast::Expr::BlockExpr(block) if block.modifier().is_none())
}
