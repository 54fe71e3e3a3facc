//! A stand-in with the signatures of parking_lot that the fixtures use, and no behaviour.

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

pub struct Mutex<T>(PhantomData<T>);

pub struct MutexGuard<'a, T>(&'a Mutex<T>, PhantomData<*mut ()>);

pub struct RwLock<T>(PhantomData<T>);

pub struct RwLockReadGuard<'a, T>(&'a RwLock<T>, PhantomData<*mut ()>);

pub struct RwLockWriteGuard<'a, T>(&'a RwLock<T>, PhantomData<*mut ()>);

impl<T> Mutex<T> {
    pub fn lock(&self) -> MutexGuard<'_, T> {
        unimplemented!()
    }

    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        unimplemented!()
    }
}

impl<T> RwLock<T> {
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        unimplemented!()
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        unimplemented!()
    }
}

macro_rules! guard {
    ($guard:ident) => {
        impl<T> Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                unimplemented!()
            }
        }

        impl<T> Drop for $guard<'_, T> {
            fn drop(&mut self) {}
        }
    };
}

macro_rules! mutable {
    ($guard:ident) => {
        impl<T> DerefMut for $guard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                unimplemented!()
            }
        }
    };
}

guard!(MutexGuard);
mutable!(MutexGuard);
guard!(RwLockReadGuard);
guard!(RwLockWriteGuard);
mutable!(RwLockWriteGuard);
