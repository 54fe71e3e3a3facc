//! A stand-in with the signatures of futures that the fixtures use.

pub mod executor {
    use std::future::Future;

    pub fn block_on<F: Future>(_: F) -> F::Output {
        unimplemented!()
    }
}

pub mod future {
    use std::future::Future;

    pub async fn join_all<I>(_: I) -> Vec<<I::Item as Future>::Output>
    where
        I: IntoIterator,
        I::Item: Future,
    {
        unimplemented!()
    }
}
