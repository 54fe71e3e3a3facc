//! What a person types to review changes on the terminal.

use std::path::PathBuf;

use clap::Args;

use super::{CargoArgs, ChangesArgs, GuardArgs, SelectionArgs, VerifyArgs};
use crate::options::Options;

/// A review.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// A workspace, package, folder or file [default: the package or workspace of the current
    /// folder]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Forget the answers that were kept, and start anew
    #[arg(long)]
    pub restart: bool,
    /// How what was accepted is compiled.
    #[command(flatten)]
    pub verify: VerifyArgs,
    /// What to look for.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Where to look.
    #[command(flatten)]
    pub changes: ChangesArgs,
    /// What may be overwritten.
    #[command(flatten)]
    pub guard: GuardArgs,
    /// What cargo is told.
    #[command(flatten)]
    pub cargo: CargoArgs,
}

impl ReviewArgs {
    /// The options of the run whose changes are shown.
    pub fn options(&self, progress: bool) -> Options {
        let mut options = self.selection.options(&self.paths, &self.cargo, progress);
        options.changes = self.changes.changes();
        options
    }
}
