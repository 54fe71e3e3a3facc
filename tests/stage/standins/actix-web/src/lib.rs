//! A stand-in with the signatures of actix-web that the fixtures use.

pub mod error {
    #[derive(Debug)]
    pub struct BlockingError;

    impl std::fmt::Display for BlockingError {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            unimplemented!()
        }
    }

    impl std::error::Error for BlockingError {}
}

pub mod web {
    use std::future::Future;

    use crate::error::BlockingError;

    pub fn block<F, R>(_: F) -> impl Future<Output = Result<R, BlockingError>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        std::future::pending()
    }
}

pub mod rt {
    pub mod task {
        pub use tokio::task::{JoinError, JoinHandle, spawn_blocking};
    }

    pub mod time {
        pub use tokio::time::sleep;
    }
}
