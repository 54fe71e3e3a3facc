//! A stand-in with the signatures of password-hash that the fixtures use.

#[derive(Debug)]
pub struct Error;

pub struct SaltString;

pub struct PasswordHash<'a>(std::marker::PhantomData<&'a str>);

impl std::fmt::Display for PasswordHash<'_> {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        unimplemented!()
    }
}

pub trait PasswordHasher {
    fn hash_password<'a>(&self, _: &[u8], _: &'a SaltString) -> Result<PasswordHash<'a>, Error> {
        unimplemented!()
    }
}
