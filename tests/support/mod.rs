//! What several tests share.

pub mod fixture;
pub mod project;
pub mod snapshot;
pub mod stage;

/// Whether expectations are to be written instead of compared.
pub fn updates() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}
