//! A stand-in with the signatures of argon2 that the fixtures use.

pub mod password_hash {
    #[derive(Debug)]
    pub struct Error;

    pub struct SaltString;

    pub struct PasswordHash<'a>(std::marker::PhantomData<&'a str>);

    impl<'a> PasswordHash<'a> {
        pub fn new(_: &'a str) -> Result<PasswordHash<'a>, Error> {
            unimplemented!()
        }
    }

    impl std::fmt::Display for PasswordHash<'_> {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            unimplemented!()
        }
    }

    pub trait PasswordHasher {
        fn hash_password<'a>(
            &self,
            _: &[u8],
            _: &'a SaltString,
        ) -> Result<PasswordHash<'a>, Error> {
            unimplemented!()
        }
    }

    pub trait PasswordVerifier {
        fn verify_password(&self, _: &[u8], _: &PasswordHash<'_>) -> Result<(), Error> {
            unimplemented!()
        }
    }
}

pub use password_hash::{PasswordHash, PasswordHasher, PasswordVerifier};

#[derive(Clone, Default)]
pub struct Argon2<'key>(std::marker::PhantomData<&'key [u8]>);

#[derive(Debug)]
pub struct Error;

impl Argon2<'_> {
    pub fn hash_password_into(&self, _: &[u8], _: &[u8], _: &mut [u8]) -> Result<(), Error> {
        unimplemented!()
    }
}

impl PasswordHasher for Argon2<'_> {}

impl PasswordVerifier for Argon2<'_> {}
