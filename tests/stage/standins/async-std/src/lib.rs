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
    use std::{
        fs::{Metadata, Permissions},
        io,
    };

    /// Types of std have it, and others do not.
    pub trait AsPath {}

    impl<T: AsRef<std::ffi::OsStr>> AsPath for T {}

    pub async fn copy(_: impl AsPath, _: impl AsPath) -> io::Result<u64> {
        unimplemented!()
    }

    pub async fn create_dir(_: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn create_dir_all(_: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn hard_link(_: impl AsPath, _: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn metadata(_: impl AsPath) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn read(_: impl AsPath) -> io::Result<Vec<u8>> {
        unimplemented!()
    }

    pub async fn read_to_string(_: impl AsPath) -> io::Result<String> {
        unimplemented!()
    }

    pub async fn remove_dir(_: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_dir_all(_: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_file(_: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn rename(_: impl AsPath, _: impl AsPath) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn set_permissions(_: impl AsPath, _: Permissions) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn symlink_metadata(_: impl AsPath) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn write(_: impl AsPath, _: impl AsRef<[u8]>) -> io::Result<()> {
        unimplemented!()
    }
}
