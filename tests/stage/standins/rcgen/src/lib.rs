//! A stand-in with the signatures of rcgen that the fixtures use.

#[derive(Debug)]
pub struct Error;

pub struct SignatureAlgorithm;

pub static PKCS_RSA_SHA256: SignatureAlgorithm = SignatureAlgorithm;

pub enum RsaKeySize {
    _4096,
}

pub struct KeyPair;

impl KeyPair {
    pub fn generate_rsa_for(_: &'static SignatureAlgorithm, _: RsaKeySize) -> Result<Self, Error> {
        unimplemented!()
    }
}
