//! Engines that several codemods share.

pub mod asyncify;
pub mod awaited;
pub mod blocking;
pub mod captured;
pub mod contract;
pub mod control;
pub mod discard;
pub mod driven;
pub mod functions;
pub mod handle;
pub mod held;
pub mod in_place;
pub mod join_error;
pub mod leftovers;
pub mod logged_task;
pub mod nested;
pub mod occurrences;
pub mod offload;
pub mod propagation;
pub mod reach;
pub mod recursion;
pub mod removals;
pub mod sites;
pub mod spawn_helper;
pub mod surroundings;
pub mod task_handle;
