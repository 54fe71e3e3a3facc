//! A stand-in with the signatures of actix-rt that the fixtures use.

use std::future::Future;

pub fn spawn<F: Future + 'static>(_: F) {
    unimplemented!()
}

pub struct Runtime;

impl Runtime {
    pub fn new() -> std::io::Result<Runtime> {
        unimplemented!()
    }

    pub fn block_on<F: Future>(&self, _: F) -> F::Output {
        unimplemented!()
    }
}

pub mod task {
    pub use tokio::task::{JoinError, JoinHandle, spawn_blocking};
}

pub mod time {
    pub use tokio::time::sleep;
}
