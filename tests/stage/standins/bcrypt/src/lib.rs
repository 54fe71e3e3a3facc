//! A stand-in with the signatures of bcrypt that the fixtures use.

pub struct BcryptError;
pub type BcryptResult<T> = Result<T, BcryptError>;

impl std::fmt::Debug for BcryptError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        unimplemented!()
    }
}

pub fn hash<P: AsRef<[u8]>>(_: P, _: u32) -> BcryptResult<String> {
    unimplemented!()
}

pub fn verify<P: AsRef<[u8]>>(_: P, _: &str) -> BcryptResult<bool> {
    unimplemented!()
}
