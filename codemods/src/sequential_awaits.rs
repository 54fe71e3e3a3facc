//! Awaits futures together that do not need each other, in the place of one after the other.
//!
//! It runs only where it is named: `unpark --only sequential-awaits`.
//!
//! # What it does
//! Finds statements in a row that each await a call (`let user = load(id).await?;`), where no call
//! needs what another one gives, and all of them only read. They become one `try_join!`, or `join!`
//! where no `?` stands behind them: tokio's, or that of `futures`. Which calls only read is told by
//! tables, of functions of the workspace by their bodies, and of others by you, with `[[reads]]` in
//! `unpark.toml`.
//!
//! Also finds loops that await such a call for each element and collect what it gives. Those are left to
//! a person: how many may run at a time is a decision, and nothing in the code says it.
//!
//! # Why is this bad
//! The second request leaves when the first answer is there. What takes as long as the slowest of them
//! takes as long as all of them together.
//!
//! # Before
//! ```rust
//! pub async fn merged(base: &str, own: &str) -> std::io::Result<String> {
//!     let base = tokio::fs::read_to_string(base).await?;
//!     let own = tokio::fs::read_to_string(own).await?;
//!     Ok(base + &own)
//! }
//! ```
//!
//! # After
//! ```rust
//! pub async fn merged(base: &str, own: &str) -> std::io::Result<String> {
//!     let (base, own) = tokio::try_join!(
//!         tokio::fs::read_to_string(base),
//!         tokio::fs::read_to_string(own),
//!     )?;
//!     Ok(base + &own)
//! }
//! ```
//!
//! # When it refuses
//! - The type of what a future gives is not known (R2), or is not `Send`, and would be kept while the
//!   others run (R3).
//! - The errors are of different types, the value is an `Option`, or a comment has no place in the
//!   result (R5).
//! - Neither `tokio` with the feature `macros` nor `futures` is there on every build (R6).
//! - A call writes, sends, locks, spawns or waits for time: it may count which comes first. Or one
//!   borrows something exclusively, or takes away what another one borrows (R9).
//! - Left to a person: a call of which nothing is known, and a comment that speaks of the order.
//!
//! What needs the value of the statement before it is no finding. Nor is a handle that is awaited: what
//! it stands for runs already.
//!
//! # Safety
//! Unsafe. The futures begin together, and what they read, log and take (connections, threads, the
//! patience of a server) is read, logged and taken in another order, and at the same time. The first
//! that fails gives the error, and the others are dropped half way; those behind it would not have
//! begun. They take turns on one task: what computes in one holds up the others.

mod claims;
mod each;
mod row;
mod shapes;
mod together;

use ra_ap_syntax::{AstNode, ast};

use crate::{
    analysis::blocking::Place,
    codemod::{Candidate, Codemod, Findings, Note, Pass, Safety},
    context::FileContext,
    knowledge::Knowledge,
    outline::Outline,
    refusal::{Refusal, RefusalKind},
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "sequential-awaits",
    summary: "futures that do not need each other, awaited one after the other",
    title: Some("Await together what can wait together"),
    docs: include_str!("sequential_awaits.rs"),
    safety: Safety::Unsafe,
    opt_in: true,
    triggers: |_| vec!["await".to_owned()],
    tokens: |tokens| tokens.have_await(),
    candidates,
    pass: Pass::File(pass),
};

/// Words of a comment that says why one comes after the other.
const REASONS: [&str; 9] = [
    "sequential",
    "serial",
    "in order",
    "one after",
    "one by one",
    "at a time",
    "concurren",
    "parallel",
    "rate limit",
];

fn candidates(outline: &Outline<'_>, _: &Knowledge) -> Vec<Candidate> {
    let rows = shapes::rows(outline.await_exprs());
    let rows = rows
        .iter()
        .map(|row| row[0].statement.syntax().text_range());
    let loops = shapes::loops(outline.await_exprs());
    let loops = loops.iter().map(|it| it.call.syntax().text_range());
    let mut candidates: Vec<Candidate> = rows
        .chain(loops)
        .map(|range| Candidate { range, path: None })
        .collect();
    candidates.sort_by_key(|it| it.range.start());
    candidates
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    let awaits = || {
        let nodes = ctx.source.syntax().descendants();
        nodes.filter_map(ast::AwaitExpr::cast)
    };
    for row in shapes::rows(awaits()) {
        row::judge(ctx, &row, findings);
    }
    for found in shapes::loops(awaits()) {
        each::judge(ctx, &found, findings);
    }
}

/// Why the order of what makes this call has to stay.
fn in_order(place: &Place, why: &mut Vec<Note>) -> Refusal {
    why.push(place.note("is called here"));
    let message = format!(
        "it may count whether `{}` comes before the others or after them",
        place.callee
    );
    Refusal::new(RefusalKind::R9, message)
}

/// The name of what is called, as it is written.
fn callee_name(call: &ast::Expr) -> String {
    let name = match call {
        ast::Expr::MethodCallExpr(it) => it.name_ref(),
        ast::Expr::CallExpr(it) => match it.expr() {
            Some(ast::Expr::PathExpr(path)) => path.path().and_then(|it| it.segment()?.name_ref()),
            _ => None,
        },
        _ => None,
    };
    name.map_or("the call".to_owned(), |it| it.text().to_string())
}
