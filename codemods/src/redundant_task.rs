//! Awaits a future where it stands, without the task or the async block around it.
//!
//! # What it does
//! Finds tasks that are spawned only to be awaited on the spot (`tokio::spawn(load()).await?`), and
//! async blocks that do nothing but await another future (`async { next.await }`,
//! `Box::pin(async move { load(id).await })`). The future is awaited, or handed on, itself. With the
//! task goes the `JoinError` around its output, and the `?` or `unwrap` that took it off.
//!
//! # Why is this bad
//! Nothing runs beside the task while it is waited for: it costs an allocation, a turn of the
//! scheduler, and an error that somebody has to deal with. The block around a future is a second
//! future that only polls the first.
//!
//! # Before
//! ```rust
//! async fn load(id: u64) -> std::io::Result<String> {
//!     tokio::net::TcpStream::connect("localhost:80").await?;
//!     Ok(id.to_string())
//! }
//!
//! pub async fn title(id: u64) -> std::io::Result<String> {
//!     let title = tokio::spawn(async move { load(id).await }).await??;
//!     Ok(title)
//! }
//! ```
//!
//! # After
//! ```rust
//! async fn load(id: u64) -> std::io::Result<String> {
//!     tokio::net::TcpStream::connect("localhost:80").await?;
//!     Ok(id.to_string())
//! }
//!
//! pub async fn title(id: u64) -> std::io::Result<String> {
//!     let title = load(id).await?;
//!     Ok(title)
//! }
//! ```
//!
//! # When it refuses
//! - The task runs on another runtime than the code around it, or on one that can't be told (R1).
//! - The type of the future, or of its output, is not known (R2).
//! - `spawn_local` takes a future that need not be `Send`, and the code around may have to be (R3).
//! - The `JoinError` is looked at, by `match`, `if let` or `is_panic`: the task is there to catch a
//!   panic. Or a `select!` or `timeout` stands around it, which the task would outlive; or it stands
//!   in an async block that may be polled beside others, where only tasks run at the same time; or
//!   in the entry point, whose own future has no worker thread; or a tracker counts it (R5).
//! - What is done with its value stands in a macro, and not in the file (R8).
//! - The future would come to await itself (R9).
//! - A comment says why the task is there: left to a person.
//!
//! Of the blocks, only those are rewritten whose content has no effect before it is polled, and
//! captures what the block did: a local, another async block, or a call of an `async fn` whose
//! arguments are literals and locals that it takes whole. A block that is spawned, or the value of a
//! closure, stays as it is.
//!
//! # Safety
//! Unsafe for tasks. A panic unwinds into the caller and does not end as a `JoinError`; the work stops
//! where the caller's future is dropped; it is inside of the caller's span, and sees its task-locals.
//! Safe for the blocks.

mod block;
mod task;

use ra_ap_syntax::{AstNode, NodeOrToken, ast};

use crate::{
    analysis::awaited::awaits_only,
    codemod::{Candidate, Codemod, Findings, Pass, Safety},
    context::FileContext,
    knowledge::{Knowledge, Role},
    outline::Outline,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "redundant-task",
    summary: "a task or async block that is only there to be awaited",
    title: Some("Await futures without a task for each"),
    docs: include_str!("redundant_task.rs"),
    safety: Safety::Safe,
    opt_in: false,
    triggers: |knowledge| {
        let mut words = knowledge.triggers(is_spawn);
        words.push("async".to_owned());
        words
    },
    tokens: |tokens| tokens.name_an_api() || tokens.have_async_block(),
    candidates,
    pass: Pass::File(pass),
};

fn is_spawn(role: &Role) -> bool {
    matches!(role, Role::Spawn { .. })
}

fn candidates(outline: &Outline<'_>, knowledge: &Knowledge) -> Vec<Candidate> {
    let mut candidates = outline.calls(knowledge, is_spawn);
    // In the arguments of a macro nobody can tell.
    candidates.retain(|it| is_awaited_or_hidden(outline, it));
    let blocks = outline
        .async_blocks()
        .filter(|block| awaits_only(block).is_some_and(|inner| block::is_plain(&inner)));
    candidates.extend(blocks.map(|block| Candidate {
        range: block.syntax().text_range(),
        path: None,
    }));
    candidates.sort_by_key(|it| (it.range.start(), it.range.end()));
    candidates
}

fn is_awaited_or_hidden(outline: &Outline<'_>, candidate: &Candidate) -> bool {
    let NodeOrToken::Node(node) = outline.file.syntax().covering_element(candidate.range) else {
        return true;
    };
    let outer = node
        .ancestors()
        .skip_while(|it| it.text_range() == candidate.range)
        .find(|it| !ast::ParenExpr::can_cast(it.kind()));
    ast::TokenTree::can_cast(node.kind())
        || outer.is_some_and(|outer| ast::AwaitExpr::can_cast(outer.kind()))
}

fn pass(ctx: &FileContext<'_>, findings: &mut Findings) {
    for call in ctx.calls(is_spawn) {
        task::judge(ctx, &call, findings);
    }
    for block in ctx
        .source
        .syntax()
        .descendants()
        .filter_map(ast::BlockExpr::cast)
    {
        block::judge(ctx, &block, findings);
    }
}
