//! A stand-in with the signatures of pollster that the fixtures use.

use std::future::{Future, IntoFuture};

pub fn block_on<F: IntoFuture>(_: F) -> F::Output {
    unimplemented!()
}

pub trait FutureExt: Future {
    fn block_on(self) -> Self::Output
    where
        Self: Sized,
    {
        unimplemented!()
    }
}

impl<F: Future> FutureExt for F {}
