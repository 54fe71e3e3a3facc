//! A stand-in with the signatures of async-lock that the fixtures use.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

pub struct Guard<T>(PhantomData<T>);

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        unimplemented!()
    }
}

pub struct Mutex<T>(PhantomData<T>);

impl<T> Mutex<T> {
    pub fn lock_blocking(&self) -> Guard<T> {
        unimplemented!()
    }

    pub async fn lock(&self) -> Guard<T> {
        unimplemented!()
    }

    pub fn lock_arc_blocking(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }

    pub async fn lock_arc(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }
}

pub struct RwLock<T>(PhantomData<T>);

impl<T> RwLock<T> {
    pub fn read_blocking(&self) -> Guard<T> {
        unimplemented!()
    }

    pub async fn read(&self) -> Guard<T> {
        unimplemented!()
    }

    pub fn read_arc_blocking(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }

    pub async fn read_arc(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }

    pub fn write_blocking(&self) -> Guard<T> {
        unimplemented!()
    }

    pub async fn write(&self) -> Guard<T> {
        unimplemented!()
    }

    pub fn write_arc_blocking(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }

    pub async fn write_arc(self: &Arc<Self>) -> Guard<T> {
        unimplemented!()
    }
}

pub struct Semaphore;

pub struct Permit;

impl Semaphore {
    pub fn acquire_blocking(&self) -> Permit {
        unimplemented!()
    }

    pub async fn acquire(&self) -> Permit {
        unimplemented!()
    }

    pub fn acquire_arc_blocking(self: &Arc<Self>) -> Permit {
        unimplemented!()
    }

    pub async fn acquire_arc(self: &Arc<Self>) -> Permit {
        unimplemented!()
    }
}

pub struct Barrier;

impl Barrier {
    pub fn wait_blocking(&self) -> bool {
        unimplemented!()
    }

    pub async fn wait(&self) -> bool {
        unimplemented!()
    }
}
