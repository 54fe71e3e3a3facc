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

/// What an argument borrows is gone before the futures are polled, as in the real one.
#[macro_export]
macro_rules! join {
    ($($future:expr),* $(,)?) => {{
        let futures = ($($future,)*);
        $crate::macros::Join::join(futures).await
    }};
}

/// See `join!`.
#[macro_export]
macro_rules! try_join {
    ($($future:expr),* $(,)?) => {{
        let futures = ($($future,)*);
        $crate::macros::TryJoin::try_join(futures).await
    }};
}

/// What the macros need.
pub mod macros {
    use std::future::Future;

    pub trait Join {
        type Outputs;

        #[allow(async_fn_in_trait)]
        async fn join(self) -> Self::Outputs;
    }

    pub trait TryJoin {
        type Outputs;
        type Error;

        #[allow(async_fn_in_trait)]
        async fn try_join(self) -> Result<Self::Outputs, Self::Error>;
    }

    macro_rules! tuples {
        ($(($($future:ident $value:ident),+))+) => {$(
            impl<$($future: Future),+> Join for ($($future,)+) {
                type Outputs = ($($future::Output,)+);

                async fn join(self) -> Self::Outputs {
                    unimplemented!()
                }
            }

            impl<Error, $($future, $value),+> TryJoin for ($($future,)+)
            where
                $($future: Future<Output = Result<$value, Error>>),+
            {
                type Outputs = ($($value,)+);
                type Error = Error;

                async fn try_join(self) -> Result<Self::Outputs, Error> {
                    unimplemented!()
                }
            }
        )+};
    }

    tuples! { (A T) (A T, B U) (A T, B U, C V) (A T, B U, C V, D W) }
}
