//! A stand-in with the signatures of smol that the fixtures use.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

#[must_use]
pub struct Task<T>(PhantomData<T>);

impl<T> Task<T> {
    pub fn detach(self) {}
}

impl<T> Unpin for Task<T> {}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        unimplemented!()
    }
}

pub fn spawn<T: Send + 'static>(_: impl Future<Output = T> + Send + 'static) -> Task<T> {
    unimplemented!()
}

pub fn unblock<T, F>(_: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    unimplemented!()
}

pub fn block_on<T>(_: impl Future<Output = T>) -> T {
    unimplemented!()
}

#[must_use]
pub struct Timer;

impl Timer {
    pub fn after(_: std::time::Duration) -> Timer {
        unimplemented!()
    }
}

impl Future for Timer {
    type Output = std::time::Instant;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        unimplemented!()
    }
}

pub mod fs {
    use std::{
        fs::{Metadata, Permissions},
        io,
        path::{Path, PathBuf},
    };

    pub async fn canonicalize(_: impl AsRef<Path>) -> io::Result<PathBuf> {
        unimplemented!()
    }

    pub async fn copy(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<u64> {
        unimplemented!()
    }

    pub async fn create_dir(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn create_dir_all(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn hard_link(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn metadata(_: impl AsRef<Path>) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn read(_: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        unimplemented!()
    }

    pub async fn read_link(_: impl AsRef<Path>) -> io::Result<PathBuf> {
        unimplemented!()
    }

    pub async fn read_to_string(_: impl AsRef<Path>) -> io::Result<String> {
        unimplemented!()
    }

    pub async fn remove_dir(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_dir_all(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn remove_file(_: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn rename(_: impl AsRef<Path>, _: impl AsRef<Path>) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn set_permissions(_: impl AsRef<Path>, _: Permissions) -> io::Result<()> {
        unimplemented!()
    }

    pub async fn symlink_metadata(_: impl AsRef<Path>) -> io::Result<Metadata> {
        unimplemented!()
    }

    pub async fn write(_: impl AsRef<Path>, _: impl AsRef<[u8]>) -> io::Result<()> {
        unimplemented!()
    }
}
