//! What a team types that has findings to live with.

use clap::Args;

use crate::{adoption::Adopt, suppress::Reason};

/// What is done about all findings, in the place of changing them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Adoption")]
pub struct AdoptionArgs {
    /// Allow each finding by a comment with this reason, instead of changing it
    #[arg(
        long,
        value_name = "REASON",
        conflicts_with_all = ["check", "syntax_only"]
    )]
    pub add_allow: Option<Reason>,
    /// Record the findings in unpark.baseline.json; later runs report only others
    #[arg(
        long,
        conflicts_with_all = [
            "add_allow", "apply", "check", "since", "staged", "root", "syntax_only", "verify",
            "verify_features", "verify_tests"
        ]
    )]
    pub write_baseline: bool,
    /// Report and change what is in unpark.baseline.json as well
    #[arg(long, conflicts_with_all = ["write_baseline", "update_baseline"])]
    pub ignore_baseline: bool,
    /// Take out of unpark.baseline.json what is not found any more
    #[arg(
        long,
        conflicts_with_all = [
            "add_allow", "write_baseline", "apply", "since", "staged", "root", "syntax_only"
        ]
    )]
    pub update_baseline: bool,
}

impl AdoptionArgs {
    /// What was asked for.
    pub fn adopt(&self) -> Option<Adopt> {
        match &self.add_allow {
            Some(reason) => Some(Adopt::Allow(reason.clone())),
            None if self.write_baseline => Some(Adopt::WriteBaseline),
            None => self.update_baseline.then_some(Adopt::UpdateBaseline),
        }
    }
}
