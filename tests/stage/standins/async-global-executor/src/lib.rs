//! A stand-in with the signatures of async-global-executor that the fixtures use.

use std::future::Future;

pub use blocking::{Task, unblock as spawn_blocking};

pub fn spawn<T: Send + 'static>(_: impl Future<Output = T> + Send + 'static) -> Task<T> {
    unimplemented!()
}
