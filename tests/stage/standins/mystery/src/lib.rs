//! A crate that no table speaks of.

/// May block, or not.
pub fn stir() {}

pub async fn stir_slowly() {}
