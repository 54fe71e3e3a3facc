//! The project's own ways to start a task.

use std::{fmt::Display, future::Future, pin::Pin};

use tokio::{
    runtime::Builder,
    task::{JoinHandle, spawn},
};

/// Starts a task that may fail.
pub fn spawn_fallible<F, E>(future: F) -> JoinHandle<Result<(), E>>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    spawn(future)
}

/// Runs a future to its end; it may borrow.
pub fn spawn_and_wait<F: Future>(future: F) -> F::Output {
    let runtime = Builder::new_current_thread().build();
    runtime.expect("a runtime can be built").block_on(future)
}

/// Tasks that end in the same type.
pub struct Batch<T>(Vec<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> Default for Batch<T> {
    fn default() -> Batch<T> {
        Batch(Vec::new())
    }
}

impl<T> Batch<T> {
    /// Adds a task.
    pub fn spawn(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.0.push(Box::pin(future));
    }
}

impl<E: Display> Batch<Result<(), E>> {
    /// Runs them all; how many failed.
    pub async fn failures(self) -> usize {
        let mut failures = 0;
        for task in self.0 {
            failures += usize::from(task.await.is_err());
        }
        failures
    }
}
