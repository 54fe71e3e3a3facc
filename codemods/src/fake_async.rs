//! Takes `async` from functions that await nothing, and `.await` from their calls.
//!
//! # What it does
//! Finds functions that give a future and have their value at once: `async fn` without an `.await`,
//! and functions that return `ready(..)`, `future::ok(..)`, `future::err(..)`, or an async block that
//! awaits nothing, boxed or not. The function gives the value itself, and every call of it loses the
//! `.await`, in all files and crates of the workspace: one change, taken whole or not at all.
//! A call that is driven on the spot, by an executor which brings no runtime (`pollster::block_on`) or by
//! the current handle, loses that. A caller that awaits nothing any more is found in the next round.
//!
//! # Why is this bad
//! A future that never waits makes a state machine of a plain call, and all that calls it async. It
//! promises that the thread is given back, and it is not.
//!
//! # Before
//! ```rust
//! pub struct Prices {
//!     net: u32,
//! }
//!
//! impl Prices {
//!     async fn gross(&self, percent: u32) -> u32 {
//!         self.net + self.net * percent / 100
//!     }
//!
//!     async fn in_germany(&self) -> u32 {
//!         self.gross(19).await
//!     }
//! }
//!
//! pub async fn print(prices: Prices) {
//!     println!("{}", prices.in_germany().await);
//!     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! }
//! ```
//!
//! # After
//! ```rust
//! pub struct Prices {
//!     net: u32,
//! }
//!
//! impl Prices {
//!     fn gross(&self, percent: u32) -> u32 {
//!         self.net + self.net * percent / 100
//!     }
//!
//!     fn in_germany(&self) -> u32 {
//!         self.gross(19)
//!     }
//! }
//!
//! pub async fn print(prices: Prices) {
//!     println!("{}", prices.in_germany());
//!     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! }
//! ```
//!
//! # When it refuses
//! - A call does not await on the spot: its future is stored, given back, dropped, spawned, driven by a
//!   runtime of its own, or handed to a `timeout`, a combinator or a macro (R5).
//! - The function is handed over as a value (F7), stored (F16), or registered as a handler (F17).
//! - Its name stands in code that this configuration does not compile, or in an example of the
//!   documentation (F12), in an attribute or what a macro makes (F11), or where nobody can tell what it
//!   is (R4). Every place where the name or an alias of it stands is looked at.
//! - A macro in it can't be read, and may await (R2).
//! - It returns an `impl` type that would borrow less, before edition 2024 (R9).
//! - A future that is ready is given back in the middle as well, or with a comment around it (R5).
//! - Other crates can see it, and `--keep-sync-api` is given (F13).
//! - A call stands in a file that must not be edited (R8).
//! - Left to a person: a comment says why it is async; or it computes for long, or calls what blocks, and
//!   then gives back a future that is ready.
//!
//! No findings are functions of traits and of what implements them; `main`, tests, and what stands under
//! an attribute that may want them async; those that are still to be written; those with a statement
//! under a `cfg`; those that make a future or start a task themselves, for that misses an `.await`, or needs
//! a runtime; those that block or drive a future, themselves or through others, or make or own a runtime:
//! `blocking-in-async`, `block-on-in-async` and `runtime-in-async` speak of them, for as long as async code
//! comes there; and those where clippy's `unused_async` is allowed or expected.
//!
//! # Safety
//! Unsafe: nothing changes at run time, for each call awaits on the spot, but the signature does, which
//! code elsewhere may rely on, and the owner may have kept it async for a day when it waits. Where other
//! crates can see it, that is breaking (F13).

mod body;
mod callers;
mod function;

use self::function::{Fake, Judged};
use crate::{
    analysis::ready,
    codemod::{Candidate, Codemod, Findings, Pass, Safety},
    knowledge::Knowledge,
    outline::Outline,
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "fake-async",
    summary: "a function that is async, and awaits nothing",
    title: Some("Take `async` from functions that await nothing"),
    docs: include_str!("fake_async.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |_| {
        let types = ready::TYPES.iter().map(|it| (*it).to_owned());
        types.chain(["async".to_owned()]).collect()
    },
    tokens: |tokens| tokens.may_give_futures(&ready::TYPES),
    candidates,
    pass: Pass::Workspace(pass),
};

fn candidates(outline: &Outline<'_>, _: &Knowledge) -> Vec<Candidate> {
    let functions = outline.functions_of_futures(&ready::TYPES).into_iter();
    functions
        .filter_map(|it| function::candidate(&it))
        .collect()
}

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    // That is about functions which become async.
    if ws.settings.root.is_some() {
        return;
    }
    let (looked, _) = ws.look(&ws.members.candidates(), function::functions);
    let mut fakes: Vec<Fake> = Vec::new();
    for judged in looked.into_iter().flat_map(|(_, judged)| judged) {
        match judged {
            Judged::Quiet(reason) => findings.quiet(reason),
            Judged::Found(fake) => fakes.push(*fake),
        }
    }
    findings.items.extend(callers::settle(ws, fakes));
}
