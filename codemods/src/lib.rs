//! The codemods of unpark: what is found, what it becomes, and when it is left alone.
//!
//! This crate reads no file, starts no process and prints nothing. What it knows of a project
//! comes in as [`facts`]; what it wants done goes out as [`codemod::Findings`].

pub mod analysis;
pub mod cfg;
pub mod change;
pub mod codemod;
pub mod context;
pub mod facts;
pub mod guide;
pub mod knowledge;
pub mod logging;
pub mod outline;
pub mod refusal;
pub mod scaffold;
pub mod settings;
pub mod syntax;
pub mod text;
pub mod workspace;

mod block_on_in_async;
mod blocking_in_async;
mod cpu_bound_in_async;
mod fake_async;
mod guard_across_await;
mod imposed_offload;
mod nested_future;
mod pointless_spawn_blocking;
mod redundant_task;
mod runtime_in_async;
mod sequential_awaits;
mod unobserved_task;
mod unpolled_future;

pub use crate::codemod::Codemod;

/// Every codemod, in the order of a run.
pub const CATALOGUE: &[Codemod] = &[
    guard_across_await::CODEMOD,
    pointless_spawn_blocking::CODEMOD,
    redundant_task::CODEMOD,
    nested_future::CODEMOD,
    blocking_in_async::CODEMOD,
    cpu_bound_in_async::CODEMOD,
    block_on_in_async::CODEMOD,
    fake_async::CODEMOD,
    imposed_offload::CODEMOD,
    unpolled_future::CODEMOD,
    unobserved_task::CODEMOD,
    sequential_awaits::CODEMOD,
    runtime_in_async::CODEMOD,
];
