//! Engines that several codemods share.

pub mod control;
pub mod discard;
pub mod logged_task;
pub mod spawn_helper;
