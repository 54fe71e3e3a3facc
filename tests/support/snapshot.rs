//! What a user sees, kept in `snapshots/`.

use std::path::Path;

use snapbox::{Assert, Data, assert::Action, data::DataFormat};

/// Compares with a file of `snapshots/`; `UPDATE=1` writes it.
pub fn assert_snapshot(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(name);
    let action = match super::updates() {
        true => Action::Overwrite,
        false => Action::Verify,
    };
    let expected = Data::read_from(&path, Some(DataFormat::Text));
    Assert::new()
        .action(action)
        .eq(Data::text(actual), expected.raw());
}
