//! A stand-in with the signatures of async-global-executor that the fixtures use.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

pub struct Task<T>(PhantomData<T>);

impl<T> Unpin for Task<T> {}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        unimplemented!()
    }
}

pub fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(_: F) -> Task<T> {
    unimplemented!()
}

pub fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(_: F) -> Task<T> {
    unimplemented!()
}
