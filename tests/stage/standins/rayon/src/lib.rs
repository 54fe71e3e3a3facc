//! A stand-in with the signatures of rayon that the fixtures use.

pub mod iter {
    pub trait ParallelIterator: Sized + Send {
        type Item: Send;

        fn map<F, R>(self, _: F) -> Map<Self, F>
        where
            F: Fn(Self::Item) -> R + Sync + Send,
            R: Send,
        {
            unimplemented!()
        }

        fn for_each<F: Fn(Self::Item) + Sync + Send>(self, _: F) {
            unimplemented!()
        }

        fn sum<S: Send + std::iter::Sum<Self::Item>>(self) -> S {
            unimplemented!()
        }

        fn collect<C: FromParallelIterator<Self::Item>>(self) -> C {
            unimplemented!()
        }
    }

    pub trait FromParallelIterator<T> {}

    impl<T> FromParallelIterator<T> for Vec<T> {}

    pub struct Map<I, F>(I, F);

    impl<I: ParallelIterator, F: Fn(I::Item) -> R + Sync + Send, R: Send> ParallelIterator
        for Map<I, F>
    {
        type Item = R;
    }

    pub struct Iter<'a, T>(&'a [T]);

    impl<'a, T: Sync> ParallelIterator for Iter<'a, T> {
        type Item = &'a T;
    }

    pub trait IntoParallelRefIterator<'a> {
        type Iter: ParallelIterator<Item = Self::Item>;
        type Item: Send + 'a;

        fn par_iter(&'a self) -> Self::Iter;
    }

    impl<'a, T: Sync + 'a> IntoParallelRefIterator<'a> for Vec<T> {
        type Iter = Iter<'a, T>;
        type Item = &'a T;

        fn par_iter(&'a self) -> Iter<'a, T> {
            unimplemented!()
        }
    }
}

pub mod prelude {
    pub use crate::{
        iter::{IntoParallelRefIterator, ParallelIterator},
        slice::ParallelSliceMut,
    };
}

pub mod slice {
    pub trait ParallelSliceMut<T: Send> {
        fn par_sort(&mut self)
        where
            T: Ord,
        {
            unimplemented!()
        }
    }

    impl<T: Send> ParallelSliceMut<T> for [T] {}
}

pub fn join<A, B, RA, RB>(_: A, _: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    unimplemented!()
}

pub struct ThreadPool;

impl ThreadPool {
    pub fn install<F: FnOnce() -> R + Send, R: Send>(&self, _: F) -> R {
        unimplemented!()
    }
}
