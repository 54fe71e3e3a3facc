//! A stand-in with the signatures of async-channel that the fixtures use.

use std::marker::PhantomData;

pub struct Receiver<T>(PhantomData<T>);

#[derive(Debug)]
pub struct RecvError;

impl<T> Receiver<T> {
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        unimplemented!()
    }

    pub async fn recv(&self) -> Result<T, RecvError> {
        unimplemented!()
    }
}
