//! From what is asked for to what is written and shown, whatever it is.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{DEFECT, FAILED, FOUND, err_palette, print, say_recovered, stderr, success_if_closed};
use crate::{
    adoption::Adopt,
    cli::{Check, ScreenArgs},
    commit::{self, Committed, Home, Recovered},
    history::History,
    options::Options,
    outcome::{Outcome, State},
    report::{
        self,
        format::{Format, ReportFile, Shown},
        github,
        invocation::Invocation,
        json, statistics,
        summary::Summary,
    },
    scaffold::Request,
    vcs::Guard,
};

/// How often a run is done again because files were saved meanwhile.
const RETRIES: usize = 2;

/// What is asked for, however its outcome comes about.
pub struct Task<'a> {
    pub invocation: Invocation,
    pub apply: bool,
    /// Git commits what is written.
    pub commit: bool,
    pub check: Option<Check>,
    pub exit_zero: bool,
    pub format: Option<Format>,
    /// The files that it is written to as well.
    pub reports: &'a [ReportFile],
    /// Findings are only counted.
    pub statistics: bool,
    pub guard: Guard,
    /// The folders that may be written to.
    pub folders: Vec<PathBuf>,
    /// Where something may have been interrupted.
    pub homes: Vec<Home>,
    /// The service that is to be, if that is what is asked for.
    pub scaffold: Option<&'a Request>,
}

impl Task<'_> {
    /// Has it done, writes it if that is asked for, and shows it.
    ///
    /// # Errors
    /// As for any run, and if something can't be written.
    pub fn carry_out(
        &self,
        screen: &ScreenArgs,
        run: impl Fn(&Options) -> Result<Outcome>,
    ) -> Result<u8> {
        let Task { invocation, .. } = self;
        let as_json = self.format == Some(Format::Json);
        let say_recovered = |it: &[Recovered]| say_recovered(it, invocation, as_json, screen);
        let history = self.commit.then(|| History::open(&self.folders));
        let history = history.transpose()?;
        let mut recovered = Vec::new();
        if self.apply {
            for home in &self.homes {
                recovered.extend(commit::recover(home)?);
            }
            say_recovered(&recovered)?;
            self.guard.check(&self.folders)?;
        }
        let mut outcome = run(&invocation.options)?;
        // Verifying takes a while. What was saved meanwhile is looked at again, so that nothing is
        // written that was not compiled; who saves all the time gets what can be written.
        for _ in 0..RETRIES {
            let verified = outcome.verification.is_some();
            if !self.apply || !verified || commit::is_current(&outcome)? {
                break;
            }
            outcome = run(&invocation.options)?;
        }
        if let Some(history) = &history {
            history.can_take(&outcome)?;
        }
        for baseline in &outcome.baselines {
            baseline.write()?;
        }
        let committed = match self.apply {
            true => {
                let mut committed = commit::commit(&mut outcome)?;
                say_recovered(&committed.recovered)?;
                committed.recovered.append(&mut recovered);
                if let Some(history) = history.filter(|_| !committed.written.is_empty()) {
                    committed.recorded = Some(history.record(&outcome));
                }
                Some(committed)
            }
            false => None,
        };
        let code = self.code(&outcome, committed.as_ref());
        let recorded = committed.as_ref().and_then(|it| it.recorded.as_ref());
        if let Some(recorded) = recorded.filter(|_| as_json) {
            print(|out, _| json::recorded(recorded, out))?;
        }
        self.show(&outcome, committed.as_ref(), code == 0, screen)?;
        let failure = recorded.and_then(|it| it.failure.as_ref());
        if let Some(failure) = failure.filter(|_| !as_json) {
            success_if_closed(failure.write(err_palette(), &mut stderr()));
        }
        Ok(match code {
            FOUND if self.exit_zero => 0,
            code => code,
        })
    }

    fn code(&self, outcome: &Outcome, committed: Option<&Committed>) -> u8 {
        // A site was named, or all findings were, so that leaving one is leaving something out.
        let allows = matches!(self.invocation.options.adopt, Some(Adopt::Allow(_)));
        let left = (self.scaffold.is_some() || allows) && outcome.count(State::Refused) > 0;
        match exit_code(outcome, self.check, committed) {
            0 if committed.is_some() && left => FOUND,
            code => code,
        }
    }

    fn show(
        &self,
        outcome: &Outcome,
        committed: Option<&Committed>,
        success: bool,
        screen: &ScreenArgs,
    ) -> Result<()> {
        // The tree has what was written; a diff of it is for those who ask for one.
        let writes = self.invocation.options.adopt == Some(Adopt::WriteBaseline);
        let default = (!self.apply && !writes).then_some(Format::Diff);
        let format = self.format.or(default);
        let shown = Shown {
            outcome,
            success,
            verbose: screen.verbose,
            invocation: &self.invocation,
        };
        print(|out, palette| match format {
            Some(Format::Json) if self.statistics => statistics::write_json(outcome, success, out),
            _ if self.statistics => statistics::write(outcome, palette, out),
            Some(format) => format.write(shown, palette, out),
            None => Ok(()),
        })?;
        if format == Some(Format::Github) {
            github::add_to_summary(outcome, &shown.base())
                .context("can't write the step summary")?;
        }
        // What was written is said all the same.
        let reports: Vec<Result<()>> = self.reports.iter().map(|it| it.write(shown)).collect();
        if format != Some(Format::Json) && (!screen.quiet || !outcome.defects.is_empty()) {
            let summary = Summary {
                outcome,
                invocation: &self.invocation,
                committed,
                reports: self.reports,
                diff_shown: format == Some(Format::Diff) && !self.statistics,
                verbose: screen.verbose,
                palette: err_palette(),
            };
            let mut err = stderr();
            success_if_closed(match (screen.quiet, self.scaffold) {
                (true, _) => summary.defects(&mut err),
                (false, Some(it)) => report::scaffold::write(&summary, &it.name, &mut err),
                (false, None) => summary.write(&mut err),
            });
        }
        reports.into_iter().collect()
    }
}

fn exit_code(outcome: &Outcome, check: Option<Check>, committed: Option<&Committed>) -> u8 {
    let changes = !outcome.files.is_empty();
    let needs_a_person = outcome.count(State::Manual) + outcome.count(State::Refused) > 0;
    let found = match check {
        Some(Check::Changes) => changes,
        Some(Check::Strict) => changes || needs_a_person,
        None => false,
    };
    let not_made = outcome.count(State::Reverted) + outcome.unmet.len() > 0;
    let left_out = committed.is_some_and(|it| it.left_something() || not_made);
    let recorded = committed.and_then(|it| it.recorded.as_ref());
    // A gate that could not look is no open one.
    let untold = check.is_some() && outcome.untold > 0 && outcome.untold == outcome.homes.len();
    let failed = untold || recorded.is_some_and(|it| it.failure.is_some());
    match (outcome.defects.is_empty(), found || left_out) {
        (false, _) => DEFECT,
        (true, _) if failed => FAILED,
        (true, true) => FOUND,
        (true, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Defect;

    #[test]
    fn the_exit_code_says_what_was_left_out() {
        let mut outcome = Outcome::default();
        let mut committed = Committed::default();
        assert_eq!(exit_code(&outcome, Some(Check::Strict), None), 0);
        assert_eq!(exit_code(&outcome, None, Some(&committed)), 0);
        committed.stale.push(PathBuf::from("a.rs"));
        assert_eq!(exit_code(&outcome, None, Some(&committed)), FOUND);
        outcome.defects.push(Defect {
            path: PathBuf::new(),
            codemod: "unobserved-task",
            message: String::new(),
        });
        assert_eq!(exit_code(&outcome, None, Some(&committed)), DEFECT);
    }
}
