//! A stand-in with the signatures of scrypt that the fixtures use.

pub struct Params;

#[derive(Debug)]
pub struct InvalidOutputLen;

pub fn scrypt(_: &[u8], _: &[u8], _: &Params, _: &mut [u8]) -> Result<(), InvalidOutputLen> {
    unimplemented!()
}
