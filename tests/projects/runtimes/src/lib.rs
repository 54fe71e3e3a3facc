//! Looks after the files of a queue, without tokio.

pub mod index;
pub mod queue;
