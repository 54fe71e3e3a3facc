//! A stand-in with the signatures of bytes that the fixtures use.

use std::ops::Deref;

#[derive(Clone)]
pub struct Bytes;

impl Drop for Bytes {
    fn drop(&mut self) {}
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        unimplemented!()
    }
}
