//! A stand-in with the signatures of async-std that the fixtures use.

pub mod task {
    use std::{
        future::Future,
        marker::PhantomData,
        pin::Pin,
        task::{Context, Poll},
    };

    pub struct JoinHandle<T>(PhantomData<T>);

    impl<T> Unpin for JoinHandle<T> {}

    impl<T> Future for JoinHandle<T> {
        type Output = T;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
            unimplemented!()
        }
    }

    pub fn spawn<F, T>(_: F) -> JoinHandle<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        unimplemented!()
    }

    pub fn spawn_blocking<F, T>(_: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        unimplemented!()
    }

    pub async fn sleep(_: std::time::Duration) {}

    pub fn block_on<F, T>(_: F) -> T
    where
        F: Future<Output = T>,
    {
        unimplemented!()
    }
}

pub mod fs {
    use std::io;

    /// Types of std have it, and others do not.
    pub trait AsPath {}

    impl<T: AsRef<std::ffi::OsStr>> AsPath for T {}

    pub async fn read_to_string<P: AsPath>(_: P) -> io::Result<String> {
        unimplemented!()
    }
}
