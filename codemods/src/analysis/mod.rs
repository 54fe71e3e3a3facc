//! Engines that several codemods share.

pub mod alive;
pub mod awaited;
pub mod blocking;
pub mod captured;
pub mod closures;
pub mod control;
pub mod discard;
pub mod driven;
pub mod handle;
pub mod held;
pub mod in_place;
pub mod join_error;
pub mod leftovers;
pub mod logged_task;
pub mod moves;
pub mod offload;
pub mod recursion;
pub mod removals;
pub mod spawn_helper;
pub mod surroundings;
pub mod task_handle;
pub mod temporaries;
pub mod unpolled;
