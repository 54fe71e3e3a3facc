//! Awaits a future that is made and dropped.
//!
//! # What it does
//! Finds futures that nobody polls, in the shapes that pass the compiler: `let _ = load();`,
//! `_ = load();`, `let _unused = load();`, `drop(load())`, `name.map(|name| load(name));`,
//! `name.map(load);`, and `thread::spawn(|| load())`, whose thread only makes the future. So does a
//! plain `load();` of a function that the file itself declares `async`, which rustc warns of. In async
//! code the future is awaited; a closure that `map` or `for_each` calls there and then is written out
//! for it.
//!
//! # Why is this bad
//! A future does nothing before it is polled: calling an `async fn` runs no line of it. What looks
//! like a call that is not waited for is one that never happens.
//!
//! # Before
//! ```rust
//! async fn notify(name: String) {
//!     println!("hello {name}");
//! }
//!
//! pub async fn sign_up(name: String, friend: Option<String>) {
//!     let _ = notify(name);
//!     friend.map(|friend| notify(friend));
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn notify(name: String) {
//!     println!("hello {name}");
//! }
//!
//! pub async fn sign_up(name: String, friend: Option<String>) {
//!     notify(name).await;
//!     if let Some(friend) = friend {
//!         notify(friend).await;
//!     }
//! }
//! ```
//!
//! # When it refuses
//! - The future is not `Send`, and the code around has to be (R3).
//! - A guard would be held while it waits, or it would come to await itself (R9).
//! - The closure can't be written out (F6).
//! - Left to a person: the code around is not async; the function that makes the future is not, and
//!   may have done its part already; the future is what a closure gives, and no plain `if let` or loop
//!   can take its place; or a comment or an `allow` speaks of it.
//!
//! A future with a type (`let _: Later = load();`), one that is stored, returned or passed on, and
//! handles (of a task, or the end of a channel) are no findings. The arguments of macros are not
//! looked at, nor are files in which the words `async` and `Future` do not stand.
//!
//! # Safety
//! Unsafe: the future has never run, and does now, and the code around waits for it. Where it must
//! not wait, spawn the future with its error logged; the finding says so.

mod places;
mod verdict;

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, ast};

use crate::{
    analysis::{
        dropped_output::dropped_with,
        lazy::{Unpolled, unpolled},
    },
    cfg::inactive_cfg,
    codemod::{Candidate, Codemod, Finding, Findings, IN_TESTS, Pass, Safety, Verdict},
    context::FileContext,
    knowledge::Knowledge,
    outline::Outline,
};
use places::{places, places_at};
use verdict::Site;

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "unpolled-future",
    summary: "a future that is dropped before anything polls it",
    title: Some("Await futures that nobody polled"),
    docs: include_str!("unpolled_future.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |_| vec!["async".to_owned(), "Future".to_owned()],
    tokens: |tokens| tokens.may_discard(),
    candidates,
    pass: Pass::File(pass),
};

fn candidates(outline: &Outline<'_>, _: &Knowledge) -> Vec<Candidate> {
    let places = outline.discards().flat_map(|token| places_at(&token));
    places
        .map(|expr| Candidate {
            range: expr.syntax().text_range(),
            path: None,
        })
        .collect()
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for expr in places(ctx) {
        judge(ctx, &expr, findings);
    }
}

fn judge<'a>(ctx: &FileContext<'a>, expr: &ast::Expr, findings: &mut Findings) {
    if inactive_cfg(ctx.sema, ctx.file, expr.syntax()).is_some() {
        return;
    }
    let found = match expr {
        ast::Expr::PathExpr(_) => handed_over(ctx, expr),
        _ => unpolled(ctx, expr).zip(ctx.type_of(expr)),
    };
    let Some((found, future)) = found else {
        return;
    };
    let made = match expr {
        ast::Expr::PathExpr(_) => expr
            .syntax()
            .ancestors()
            .find_map(|it| ast::Expr::cast(it).filter(|it| it != expr)),
        _ => Some(expr.clone()),
    };
    let dropped = made.and_then(|made| dropped_with(ctx, &made, &future));
    let Some(dropped) = dropped.filter(|_| !is_value_of_async(expr)) else {
        return;
    };
    let Some(range) = ctx.source_range(expr.syntax()) else {
        return;
    };
    if ctx.is_test_code(expr.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return;
    }
    let name = ctx
        .callee(expr)
        .or_else(|| ctx.callee_of_path(expr))
        .map(|callee| callee.name(ctx.db).as_str().to_owned());
    let message = match &name {
        Some(name) => format!("the future of `{name}` is dropped, and nothing polls it"),
        None => "the future is dropped, and nothing polls it".to_owned(),
    };
    let site = Site {
        ctx,
        expr,
        range,
        future,
        name: name.as_deref(),
        found,
        dropped,
    };
    let mut why = Vec::new();
    let verdict = site.verdict(&mut why).unwrap_or_else(Verdict::Refused);
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range,
        message,
        why,
        conversion: None,
        verdict,
    });
}

/// The future that an async function gives which is handed over by its path.
fn handed_over<'a>(ctx: &FileContext<'a>, path: &ast::Expr) -> Option<(Unpolled, Type<'a>)> {
    let function = ctx.callee_of_path(path)?;
    let call = path
        .syntax()
        .ancestors()
        .filter_map(ast::Expr::cast)
        .nth(1)?;
    let given = ctx.type_of(&call)?;
    let future = given
        .type_arguments()
        .find(|it| ctx.implements(it, "core::future::Future"))?;
    function
        .is_async(ctx.db)
        .then_some((Unpolled::Nothing, future))
}

/// Whether this is the value of an async block: `nested-future` speaks of those.
fn is_value_of_async(expr: &ast::Expr) -> bool {
    let list = expr.syntax().parent().and_then(ast::StmtList::cast);
    let block = list.and_then(|list| ast::BlockExpr::cast(list.syntax().parent()?));
    block.is_some_and(|block| block.modifier().is_some())
}
