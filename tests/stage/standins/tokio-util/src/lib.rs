//! A stand-in with the signatures of tokio-util that the fixtures use.

pub mod task {
    use std::future::Future;

    use tokio::task::JoinHandle;

    #[derive(Clone)]
    pub struct TaskTracker;

    impl TaskTracker {
        pub fn spawn<F>(&self, _: F) -> JoinHandle<F::Output>
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
        {
            unimplemented!()
        }

        pub fn spawn_blocking<F, T>(&self, _: F) -> JoinHandle<T>
        where
            F: FnOnce() -> T + Send + 'static,
            T: Send + 'static,
        {
            unimplemented!()
        }
    }
}
