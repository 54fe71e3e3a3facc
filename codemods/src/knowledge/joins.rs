//! What waits for several futures at once, as `knowledge/joins.toml` has it, which explains the fields.

use serde::Deserialize;

use super::{Equivalent, Shape};

/// The macros of one crate.
#[derive(Debug, Clone)]
pub struct Join {
    /// Waits until all have ended.
    pub all: Equivalent,
    /// Ends with the first error.
    pub tries: Equivalent,
}

/// The table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinFile {
    join: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    tries: String,
    package: String,
    feature: String,
    all: Option<String>,
    #[serde(default)]
    default: bool,
}

impl JoinFile {
    pub(super) fn joins(self) -> Vec<Join> {
        let rows = self.join.into_iter();
        rows.map(|row| {
            let of = |path: &str| Equivalent {
                package: Some(row.package.clone()),
                feature: Some(row.feature.clone()),
                all: row.all.clone(),
                by_default: row.default,
                ..Equivalent::stated("", path, Shape::DropIn)
            };
            Join {
                all: of(&row.path),
                tries: of(&row.tries),
            }
        })
        .collect()
    }
}
