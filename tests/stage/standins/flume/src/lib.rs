//! A stand-in with the signatures of flume that the fixtures use.

use std::marker::PhantomData;

pub struct Sender<T>(PhantomData<T>);

pub struct Receiver<T>(PhantomData<T>);

#[derive(Debug)]
pub struct RecvError;

#[derive(Debug)]
pub struct SendError<T>(pub T);

impl<T> Sender<T> {
    pub fn send(&self, _: T) -> Result<(), SendError<T>> {
        unimplemented!()
    }
}

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, RecvError> {
        unimplemented!()
    }

    pub async fn recv_async(&self) -> Result<T, RecvError> {
        unimplemented!()
    }
}
