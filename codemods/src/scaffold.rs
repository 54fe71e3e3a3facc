//! `unpark scaffold background-service`: work that nobody waits for goes through a queue.
//!
//! The module that is written has a bounded channel, a worker, and a shutdown that drains the queue
//! within a deadline; [`Queue`] turns a spawned task into a job of it. Whoever spawned needs no handle:
//! the module keeps a service for each runtime, and starts it with the first job, so that a job runs
//! where the task would have run.

mod module;
mod site;

pub use module::{Declaration, Module, check_name, declare};
pub use site::{Queue, spawns};

/// The name of the scaffold, on the command line and in reports.
pub const BACKGROUND_SERVICE: &str = "background-service";
