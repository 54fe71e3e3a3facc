//! What several tests share.

use std::{fs, path::Path};

pub mod fixture;
pub mod folder;
pub mod laws;
pub mod mutate;
pub mod project;
pub mod snapshot;
pub mod stage;

/// Whether expectations are to be written instead of compared.
pub fn updates() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// Compares with an expectation file below `snapshots/`.
pub fn snapshot(name: &str, actual: &str) {
    kept(&format!("snapshots/{name}"), actual);
}

/// Compares with a file of the project that is made of something else.
pub fn kept(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if updates() {
        folder::write(&path, actual.as_bytes());
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if actual != expected {
        let diff = similar::TextDiff::from_lines(&*expected, actual);
        panic!(
            "{} is another now; UPDATE=1 writes it:\n{}",
            path.display(),
            diff.unified_diff()
        );
    }
}
