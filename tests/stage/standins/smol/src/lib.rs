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
    use std::{io, path::Path};

    pub async fn read_to_string<P: AsRef<Path>>(_: P) -> io::Result<String> {
        unimplemented!()
    }
}
