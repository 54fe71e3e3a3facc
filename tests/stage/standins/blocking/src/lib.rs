//! A stand-in with the signatures of blocking that the fixtures use.

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

pub fn unblock<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(_: F) -> Task<T> {
    unimplemented!()
}
