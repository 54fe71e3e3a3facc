//! Lets a guard go before async code waits.
//!
//! # What it does
//! Finds guards that are alive where async code waits: of the locks of std and parking_lot, of
//! `RefCell`, of the shards of a `DashMap`, and of a tracing span that a thread has entered. The types
//! tell, and where each value is dropped: a guard that is moved, dropped, or given to the awaited
//! future does not count, and neither do those of async locks, which are made to be held.
//!
//! Where nothing needs the guard any more, it goes before the wait: a block around it gives out the one
//! value that was read, or `drop(guard)` stands before the statement that waits. A guard without a name
//! lives until the statement ends; what it gives is then taken out in a statement of its own before.
//! `while let` becomes `loop` with `let else`, which ends it at the `;`.
//!
//! # Why is this bad
//! The lock stays taken for as long as the task sleeps. Another task that wants it does not sleep: it
//! stops its thread, and once that happens on each of them, nothing is left to wake the first one. A
//! `RefCell` panics at the next borrow. A span that stays entered is the span of whatever runs on the
//! thread meanwhile.
//!
//! # Before
//! ```rust
//! use std::sync::Mutex;
//!
//! async fn connect(address: &str) {
//!     tokio::net::TcpStream::connect(address).await.ok();
//! }
//!
//! pub struct Settings {
//!     address: String,
//! }
//!
//! pub async fn start(settings: &Mutex<Settings>) {
//!     let settings = settings.lock().unwrap();
//!     let address = settings.address.clone();
//!     connect(&address).await;
//! }
//! ```
//!
//! # After
//! ```rust
//! use std::sync::Mutex;
//!
//! async fn connect(address: &str) {
//!     tokio::net::TcpStream::connect(address).await.ok();
//! }
//!
//! pub struct Settings {
//!     address: String,
//! }
//!
//! pub async fn start(settings: &Mutex<Settings>) {
//!     let address = {
//!         let settings = settings.lock().unwrap();
//!         settings.address.clone()
//!     };
//!     connect(&address).await;
//! }
//! ```
//!
//! # When it refuses
//! - The guard stands in the arguments of a macro, or in what it makes (R8).
//! - Left to a person: nothing reads the guard, so that it is there to keep others out; it is used where
//!   the code waits, or after; something else borrows from it; it is moved on some ways only; it is a
//!   part of another value; what it gives is borrowed; or a comment says why it is held.
//!
//! A function or module under `#[allow(clippy::await_holding_lock)]`, or its like for `RefCell`, was
//! looked at by a person, and is only counted.
//!
//! # Safety
//! Unsafe: the lock is free while the code waits, and others may change what it guards. Code that
//! relied on that not to happen needs an async lock.

mod advice;
mod hoist;
mod holding;
mod release;

use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasAttrs},
};

use self::holding::{Guarded, Place, guarded};
use crate::{
    analysis::surroundings::comment_about,
    codemod::{Codemod, Finding, Findings, IN_TESTS, Note, Pass, Safety, Verdict},
    context::FileContext,
    knowledge::guard_words,
    refusal::{Refusal, RefusalKind},
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "guard-across-await",
    summary: "a lock or a borrow that is held while async code waits",
    title: Some("Let guards go before async code waits"),
    docs: include_str!("guard_across_await.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |_| vec!["await".to_owned()],
    tokens: |tokens| tokens.mention(guard_words()),
    candidates: |outline, _| outline.before_await(guard_words()),
    pass: Pass::File(pass),
};

/// So many of the lines where the code waits are named.
const NAMED: usize = 4;

/// Lints of clippy about the same: who turns one off has looked.
const LINTS: &[&str] = &[
    "await_holding_lock",
    "await_holding_refcell_ref",
    "await_holding_invalid_type",
];

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for guarded in guarded(ctx, findings) {
        let wait = &guarded.waits[0];
        if ctx.is_test_code(wait) && !ctx.settings.include_tests {
            findings.quiet(IN_TESTS);
        } else if is_allowed(ctx, wait) {
            findings.quiet("guards that clippy is told to allow");
        } else {
            let mut why = waits(ctx, &guarded);
            let verdict = verdict(ctx, &guarded, &mut why);
            findings.items.push(Finding {
                codemod: CODEMOD.name,
                file: ctx.file,
                range: guarded
                    .held
                    .range
                    .unwrap_or_else(|| holding::range(ctx, wait)),
                message: guarded.message(),
                why,
                conversion: None,
                verdict,
            });
        }
    }
}

/// Where the code waits meanwhile.
fn waits(ctx: &FileContext<'_>, guarded: &Guarded) -> Vec<Note> {
    let place = |wait: &SyntaxNode| {
        Note::at(
            Some((ctx.file, holding::range(ctx, wait))),
            "the code waits here",
        )
    };
    let mut notes: Vec<Note> = guarded.waits.iter().take(NAMED).map(place).collect();
    if let Some(more @ 1..) = guarded.waits.len().checked_sub(NAMED) {
        notes.push(Note::new(format!("it waits on {more} more lines")));
    }
    notes
}

/// The one place where it is decided.
fn verdict(ctx: &FileContext<'_>, guarded: &Guarded, why: &mut Vec<Note>) -> Verdict {
    let verdict = match &guarded.place {
        Place::Local(name) => release::verdict(ctx, guarded, name, why),
        Place::Temporary(expr) => hoist::verdict(ctx, guarded, expr),
        Place::Hidden => {
            let message = "the guard stands in a macro, and can't be edited in the file";
            return Verdict::Refused(Refusal::new(RefusalKind::R8, message));
        }
    };
    let node = match &guarded.place {
        Place::Local(name) => name.syntax(),
        Place::Temporary(expr) => expr.syntax(),
        Place::Hidden => return verdict,
    };
    let until = node.text_range().end();
    match comment_about(ctx, node, guarded.ty(), until) {
        Some(advice) if matches!(verdict, Verdict::Rewrite { .. }) => Verdict::Manual(advice),
        _ => verdict,
    }
}

/// Whether an attribute around a place turns one of clippy's lints about guards off.
fn is_allowed(ctx: &FileContext<'_>, place: &SyntaxNode) -> bool {
    let is_one = |attr: ast::Attr| {
        let text = attr.syntax().text().to_string();
        let off = text.contains("allow") || text.contains("expect");
        off && LINTS.iter().any(|lint| text.contains(lint))
    };
    let around = ctx.sema.ancestors_with_macros(place.clone());
    around
        .filter_map(ast::AnyHasAttrs::cast)
        .any(|item| item.attrs().any(is_one))
}
