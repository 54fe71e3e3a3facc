//! The flags that a selection remembers of the run that was reviewed.

use anyhow::{Context as _, Result};
use clap::Parser;

use super::{CargoArgs, RunArgs, SelectionArgs};
use crate::{
    options::{Accepted, Options},
    selection::Selection,
};

/// All that such a flag may be: what decides what is found.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct ReviewedArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    cargo: CargoArgs,
}

impl RunArgs {
    /// What is asked for, with what a selection remembers.
    ///
    /// # Errors
    /// If the selection can't be read, or remembers what no run has.
    pub fn options(&self, progress: bool) -> Result<Options> {
        let mut options = match &self.accepted {
            Some(file) => {
                let selection = Selection::read(file)?;
                let args = ReviewedArgs::try_parse_from(&selection.arguments).map_err(|error| {
                    let said = error.render().to_string();
                    let said = said.lines().next().unwrap_or_default().to_owned();
                    anyhow::anyhow!(said.trim_start_matches("error: ").to_owned())
                });
                let args = args.with_context(|| {
                    format!("the arguments in {} are none of a run", file.display())
                })?;
                let mut options = args.selection.options(&self.paths, &args.cargo, progress);
                let here = self.selection.options(&self.paths, &self.cargo, progress);
                options.accepted = Some(Accepted {
                    ids: selection.accepted,
                    file: Some(file.clone()),
                });
                options.jobs = here.jobs;
                options.max_memory = here.max_memory;
                options.no_rust_src_install = here.no_rust_src_install;
                options.cargo.manifest_path = here.cargo.manifest_path;
                options.cargo.locked = here.cargo.locked;
                options.cargo.offline = here.cargo.offline;
                options.cargo.frozen = here.cargo.frozen;
                options
            }
            None => self.selection.options(&self.paths, &self.cargo, progress),
        };
        options.changes = self.changes.changes();
        Ok(options)
    }
}
