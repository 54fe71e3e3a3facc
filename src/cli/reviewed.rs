//! The flags that a selection remembers of the run that was reviewed.

use anyhow::{Result, anyhow};
use clap::Parser;

use super::{CargoArgs, RunArgs, SelectionArgs};
use crate::{
    options::{Accepted, CargoOptions, Options},
    selection::{HELP as SELECTION_HELP, Selection},
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
        let here = self.selection.options(&self.paths, &self.cargo, progress);
        let mut options = match &self.accepted {
            Some(file) => {
                let selection = Selection::read(file)?;
                let args = ReviewedArgs::try_parse_from(&selection.arguments);
                let args = args.map_err(|error| {
                    let said = error.render().to_string();
                    let said = said.lines().next().unwrap_or_default();
                    let said = said.trim_start_matches("error: ");
                    let file = file.display();
                    anyhow!("the arguments in {file} are none of a run: {said}\n{SELECTION_HELP}")
                })?;
                let accepted = Accepted {
                    ids: selection.accepted,
                    suppressed: selection.suppressed,
                    file: Some(file.clone()),
                };
                let reviewed = args.selection.options(&self.paths, &args.cargo, progress);
                Options {
                    accepted: Some(accepted),
                    jobs: here.jobs,
                    max_memory: here.max_memory,
                    no_rust_src_install: here.no_rust_src_install,
                    cargo: CargoOptions {
                        manifest_path: here.cargo.manifest_path,
                        locked: here.cargo.locked,
                        offline: here.cargo.offline,
                        frozen: here.cargo.frozen,
                        ..reviewed.cargo
                    },
                    ..reviewed
                }
            }
            None => here,
        };
        options.changes = self.changes.changes();
        Ok(options)
    }
}
