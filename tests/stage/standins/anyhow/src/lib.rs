//! A stand-in with the types of anyhow that the fixtures use.

use std::fmt;

pub struct Error;

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        unimplemented!()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        unimplemented!()
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(_: E) -> Error {
        unimplemented!()
    }
}

pub trait Context<T> {
    fn context(self, message: &'static str) -> Result<T>;

    fn with_context<F: FnOnce() -> String>(self, message: F) -> Result<T>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Context<T> for std::result::Result<T, E> {
    fn context(self, _: &'static str) -> Result<T> {
        unimplemented!()
    }

    fn with_context<F: FnOnce() -> String>(self, _: F) -> Result<T> {
        unimplemented!()
    }
}
