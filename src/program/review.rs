//! `unpark review`, from the changes of a run to what is written of them.

use std::{env, io::Write as _, path::PathBuf};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context as _, Result, bail};

use super::{err_palette, folders, give_up, here, stderr, success_if_closed, task::Task};
use crate::{
    cli::{ReviewArgs, ScreenArgs},
    options::{Accepted, Options},
    outcome::relative,
    report::{count, invocation::Invocation, summary::Summary},
    review::{self, Asked, Ended, kept, session::Session},
    run, start,
    vcs::Guard,
};

/// Asks about the changes of a run, and makes what is accepted.
pub fn start_review(
    program: &'static str,
    args: &ReviewArgs,
    screen: &ScreenArgs,
    progress: bool,
) -> Result<u8> {
    review::needs_terminal()?;
    let mut options = args.options(progress);
    options.give_up = Some(give_up);
    let invocation = Invocation {
        program,
        command: vec!["review".to_owned()],
        options,
        here: here()?,
    };
    // Nobody should answer for an hour to hear that nothing can be written.
    let folders = folders(&invocation);
    args.guard.guard().check(&folders)?;
    let homes = start::homes(&invocation.options)?;
    let home = homes.first().context("there is no workspace")?;
    let outcome = run::run(&invocation.options)?;
    if let Some(root) = outcome.unfinished.first() {
        bail!(
            "what was begun in {} has not ended\nhelp: if it does not run any more, `unpark \
             --apply` finishes it, and `unpark undo` takes it back",
            root.display()
        );
    }
    let mut session = Session::of(&outcome);
    if session.proposed().is_empty() {
        let summary = Summary {
            outcome: &outcome,
            invocation: &invocation,
            committed: None,
            reports: &[],
            diff_shown: false,
            verbose: screen.verbose,
            palette: err_palette(),
        };
        success_if_closed(summary.write(&mut stderr()));
        return Ok(0);
    }
    let arguments = invocation.findings();
    if args.restart {
        kept::forget(home)?;
    }
    let resumed = match kept::load(home, &arguments)? {
        Some(kept) => session.resume(&kept),
        None => 0,
    };
    let said = match resumed {
        0 => String::new(),
        answers => format!("{} kept from before", count(answers, "answer")),
    };
    let colored = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
    let Asked { ended, edited } = review::ask(&mut session, said, colored)?;
    // Who saves something from here means it; the tree was clean before.
    let guard = Guard {
        allow_dirty: args.guard.guard().allow_dirty || edited,
        ..args.guard.guard()
    };
    let selection = session.selection(arguments);
    let answers = selection.answers();
    if answers == 0 {
        success_if_closed(writeln!(
            stderr(),
            "no answer was given; nothing was written"
        ));
        return Ok(0);
    }
    let file = kept::save(home, &selection)?;
    let file = PathBuf::from(relative(&file, &invocation.here));
    let applied = Invocation {
        command: Vec::new(),
        ..invocation.clone()
    };
    if ended == Ended::Keep || selection.writes_nothing() {
        let help = err_palette().help;
        let answers = count(answers, "answer");
        let dirty: &[&str] = if edited { &["--allow-dirty"] } else { &[] };
        let (again, apply) = (invocation.with(dirty), applied.reviewed(&file, dirty));
        success_if_closed(writeln!(
            stderr(),
            "{answers} kept; nothing was written\n{help}help{help:#}: `{again}` goes on, and \
             `{apply}` makes what was accepted"
        ));
        return Ok(0);
    }
    let wrapper = env::current_exe().context("can't tell where unpark itself is")?;
    let options = Options {
        accepted: Some(Accepted {
            ids: selection.accepted,
            suppressed: selection.suppressed,
            file: Some(file),
        }),
        verify: args.verify.options(true, wrapper),
        ..invocation.options.clone()
    };
    let task = Task {
        apply: true,
        commit: false,
        check: None,
        exit_zero: false,
        format: None,
        reports: &[],
        statistics: false,
        guard,
        folders,
        homes: homes.clone(),
        scaffold: None,
        invocation: Invocation { options, ..applied },
    };
    let code = task.carry_out(screen, run::run)?;
    if code == 0 {
        kept::forget(home)?;
    }
    Ok(code)
}
