//! A crate that no table speaks of.

unsafe extern "C" {
    safe fn stir_in_c();
}

/// May stop its thread, or not.
pub fn stir() {
    stir_in_c();
}

/// May leave something behind, or not.
pub async fn fetch() -> u32 {
    stir_in_c();
    0
}
