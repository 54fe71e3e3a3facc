//! A stand-in with the signatures of futures that the fixtures use.

pub mod executor {
    use std::future::Future;

    pub fn block_on<F: Future>(_: F) -> F::Output {
        unimplemented!()
    }
}

pub use self::future::FutureExt;

pub mod future {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    pub use std::future::Future;

    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

    pub struct Ready<T>(Option<T>);

    impl<T> Unpin for Ready<T> {}

    impl<T> Future for Ready<T> {
        type Output = T;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
            unimplemented!()
        }
    }

    pub fn ready<T>(t: T) -> Ready<T> {
        Ready(Some(t))
    }

    pub fn ok<T, E>(t: T) -> Ready<Result<T, E>> {
        Ready(Some(Ok(t)))
    }

    pub fn err<T, E>(e: E) -> Ready<Result<T, E>> {
        Ready(Some(Err(e)))
    }

    pub trait FutureExt: Future {
        fn boxed<'a>(self) -> BoxFuture<'a, Self::Output>
        where
            Self: Sized + Send + 'a,
        {
            Box::pin(self)
        }

        fn boxed_local<'a>(self) -> LocalBoxFuture<'a, Self::Output>
        where
            Self: Sized + 'a,
        {
            Box::pin(self)
        }

        fn map<U, F>(self, _: F) -> impl Future<Output = U>
        where
            F: FnOnce(Self::Output) -> U,
            Self: Sized,
        {
            std::future::pending()
        }
    }

    impl<T: Future + ?Sized> FutureExt for T {}

    pub async fn join_all<I>(_: I) -> Vec<<I::Item as Future>::Output>
    where
        I: IntoIterator,
        I::Item: Future,
    {
        unimplemented!()
    }
}
