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
