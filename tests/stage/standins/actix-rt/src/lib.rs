//! A stand-in with the signatures of actix-rt that the fixtures use.

use std::future::Future;

pub fn spawn<F: Future + 'static>(_: F) {
    unimplemented!()
}

pub mod task {
    pub use tokio::task::{JoinError, JoinHandle, spawn_blocking};
}

pub mod time {
    pub use tokio::time::sleep;
}
