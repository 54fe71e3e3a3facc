//! What a run came to, in a few lines for people, and what to do next.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

use super::{
    Palette, count, diff,
    format::{Format, ReportFile},
    human,
    invocation::Invocation,
};
use crate::{
    adoption::Adopt,
    commit::Committed,
    history::{Recorded, short},
    outcome::{Finding, Outcome, State, Verification, relative},
};

/// How many files that were left out are named.
const NAMED: usize = 3;

/// What the summary is made of.
#[derive(Debug)]
pub struct Summary<'a> {
    /// What was found.
    pub outcome: &'a Outcome,
    /// How it was asked for.
    pub invocation: &'a Invocation,
    /// What was written, if that was asked for.
    pub committed: Option<&'a Committed>,
    /// The files that it was written to as well.
    pub reports: &'a [ReportFile],
    /// Whether the diff is on standard output.
    pub diff_shown: bool,
    /// Say everything.
    pub verbose: bool,
    /// The styles.
    pub palette: Palette,
}

impl Summary<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.verified(out)?;
        self.totals(out)?;
        self.unfinished(out)?;
        self.dropped(out)?;
        self.unmet(out)?;
        self.offers(out)?;
        self.baselines(out)?;
        self.left_out(out)?;
        self.defects(out)?;
        self.timing(out)
    }

    /// Where the time went, for those who want to know.
    pub(super) fn timing(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.verbose {
            let seconds = &self.outcome.seconds;
            self.note(
                out,
                &format!(
                    "discover {:.2} s, load {:.2} s, analyse {:.2} s, verify {:.2} s",
                    seconds.discover, seconds.load, seconds.analyse, seconds.verify
                ),
            )?;
        }
        Ok(())
    }

    /// Whether the compiler has seen the changes.
    pub(super) fn verified(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.outcome.files.is_empty() {
            return Ok(());
        }
        if let Some(verification) = &self.outcome.verification {
            let strong = self.palette.strong;
            let compiled = compiled(verification);
            return writeln!(out, "{strong}verified{strong:#}: {compiled}");
        }
        let warning = self.palette.warning;
        let what = match self.committed {
            Some(_) => "what was written was not compiled; `cargo check --all-targets` does",
            None => "the changes were not compiled",
        };
        writeln!(out, "{warning}not verified{warning:#}: {what}")
    }

    fn totals(&self, out: &mut dyn Write) -> io::Result<()> {
        let outcome = self.outcome;
        let strong = self.palette.strong;
        let files = count(outcome.walked, "file");
        if outcome.walked == 0 {
            let root = outcome.root.display();
            return self.warning(out, &format!("there is no Rust file under {root}"));
        }
        if outcome.findings.is_empty() {
            return writeln!(out, "{strong}nothing found{strong:#} in {files}");
        }
        let found: BTreeSet<&Path> = outcome.findings.iter().map(|it| &*it.path).collect();
        let places = match found.len() {
            all if all == outcome.walked => files,
            some => format!("{some} of {files}"),
        };
        writeln!(
            out,
            "{strong}{}{strong:#} in {places}: {}",
            count(outcome.findings.len(), "finding"),
            by_state(&outcome.findings.iter().collect::<Vec<_>>())
        )?;
        let mut codemods: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &outcome.findings {
            codemods.entry(finding.codemod).or_default().push(finding);
        }
        let width = codemods.keys().map(|name| name.len()).max().unwrap_or(0);
        for (name, findings) in codemods {
            writeln!(out, "  {name:width$}  {}", by_state(&findings))?;
        }
        self.written(out)
    }

    /// What was written, and how to take it back.
    pub(super) fn written(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(committed) = self.committed
            && !committed.written.is_empty()
        {
            writeln!(out, "wrote {}", count(committed.written.len(), "file"))?;
            if self.verbose {
                for path in &committed.written {
                    writeln!(out, "  {}", self.outcome.shown(path))?;
                }
            }
            match (&committed.recorded, &committed.root) {
                (Some(recorded), _) => self.recorded(recorded, out)?,
                (None, Some(root)) => {
                    let command = self.invocation.undo(root);
                    self.help(out, &format!("`{command}` takes it back"))?;
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// The commits, and how to take them back. Where one failed, that says how.
    fn recorded(&self, recorded: &Recorded, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "made {}", count(recorded.commits.len(), "commit"))?;
        for commit in &recorded.commits {
            let hunk = self.palette.hunk;
            writeln!(
                out,
                "  {hunk}{}{hunk:#} {}",
                short(&commit.id),
                commit.title
            )?;
        }
        if recorded.failure.is_none() {
            let base = short(&recorded.base);
            self.help(out, &format!("`git reset --keep {base}` takes it back"))?;
        }
        Ok(())
    }

    /// What somebody else has begun.
    pub(super) fn unfinished(&self, out: &mut dyn Write) -> io::Result<()> {
        for root in &self.outcome.unfinished {
            let root = root.display();
            self.warning(out, &format!("what was begun in {root} has not ended"))?;
            self.help(
                out,
                "if it does not run any more, `unpark --apply` finishes it, and `unpark undo` \
                 takes it back",
            )?;
        }
        Ok(())
    }

    /// What changed while we were at it.
    pub(super) fn dropped(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(committed) = self.committed else {
            return Ok(());
        };
        for path in &committed.stale {
            let path = self.outcome.shown(path);
            self.warning(
                out,
                &format!("{path} changed while unpark ran, and was left as it is"),
            )?;
        }
        if !committed.dropped.is_empty() {
            let dropped = count(committed.dropped.len(), "change");
            self.warning(out, &format!("{dropped} dropped for it"))?;
            let flags = match committed.recorded {
                Some(_) => &["--apply", "--commit"][..],
                None => &["--apply"],
            };
            let again = self.invocation.with(flags);
            self.help(out, &format!("run again: `{again}`"))?;
        }
        Ok(())
    }

    /// What was accepted or to be allowed, and can't be.
    fn unmet(&self, out: &mut dyn Write) -> io::Result<()> {
        let unmet = &self.outcome.unmet;
        if unmet.is_empty() {
            return Ok(());
        }
        let found = |finding: &&Finding| unmet.contains(&finding.id);
        let found: Vec<&Finding> = self.outcome.findings.iter().filter(found).collect();
        for finding in &found {
            let path = self.outcome.shown(&finding.path);
            let (line, state) = (finding.start.line, finding.state.name());
            let what = finding.codemod;
            let asked = match self.invocation.options.reason_to_allow(&finding.id) {
                Some(_) => "to be suppressed, and not",
                None => "accepted, and not made",
            };
            self.warning(out, &format!("{asked}: {path}:{line}: {what}, {state}"))?;
        }
        let gone = unmet.len() - found.len();
        if gone > 0 {
            let gone = count(gone, "answer");
            let why = match &self.invocation.options.paths[..] {
                [] => "the code is gone",
                _ => "the code is gone, or outside of the paths",
            };
            self.warning(
                out,
                &format!("without effect: {gone}; {why}, or the selection is of another project"),
            )?;
        }
        self.help(out, "what is there now, a new review shows")
    }

    /// What else can be had, and how.
    fn offers(&self, out: &mut dyn Write) -> io::Result<()> {
        let outcome = self.outcome;
        self.not_written(out)?;
        let reviewable = self.committed.is_none() && !outcome.changes.is_empty();
        let pages = self.reports.iter().filter(|it| it.format == Format::Html);
        let pages = pages.filter(|_| reviewable && self.invocation.options.adopt.is_none());
        for page in pages.map(|it| &it.file) {
            let path = self.invocation.here.join(page);
            let page = human::linked(&page.display().to_string(), &path, self.palette);
            let what = "shows the changes in a browser, and exports what you accept";
            self.help(out, &format!("{page} {what}"))?;
        }
        let offered = outcome.count(State::Offered);
        if self.invocation.options.accepted.is_some() {
            if offered > 0 {
                let left = count(offered, "change");
                self.note(out, &format!("the selection leaves out {left}"))?;
            }
        } else if offered > 0 && self.invocation.options.unsafe_fixes.is_none() {
            let command = self.invocation.with(&["--unsafe-fixes"]);
            self.help(
                out,
                &format!("{offered} more with `--unsafe-fixes`: `{command}`"),
            )?;
        }
        let manual = outcome.count(State::Manual);
        if let Some(why) = self.why(State::Manual) {
            let need = if manual == 1 { "needs" } else { "need" };
            self.help(out, &format!("{manual} {need} a person: {why}"))?;
        }
        if let Some(why) = self.why(State::Refused) {
            let refused = outcome.count(State::Refused);
            let were = if refused == 1 { "was" } else { "were" };
            self.help(
                out,
                &format!("{refused} {were} refused, with the reason: {why}"),
            )?;
        }
        Ok(())
    }

    /// What became of the baselines, or should.
    fn baselines(&self, out: &mut dyn Write) -> io::Result<()> {
        for baseline in &self.outcome.baselines {
            let path = self.outcome.shown(&baseline.path);
            let (recorded, gone) = (count(baseline.recorded, "finding"), baseline.gone);
            let message = match &baseline.becomes {
                Some(becomes) if self.invocation.options.adopt == Some(Adopt::WriteBaseline) => {
                    format!("{path} has {} now", count(becomes.len(), "finding"))
                }
                Some(becomes) => {
                    let left = becomes.len();
                    format!("{gone} of {recorded} went from {path}, which has {left} now")
                }
                None if gone > 0 => {
                    let command = self.invocation.with(&["--update-baseline"]);
                    format!(
                        "{gone} of {recorded} in {path} can't be found any more; `{command}` \
                         takes that out"
                    )
                }
                None => continue,
            };
            self.note(out, &message)?;
        }
        Ok(())
    }

    /// What would write what is shown.
    pub(super) fn not_written(&self, out: &mut dyn Write) -> io::Result<()> {
        let outcome = self.outcome;
        if self.committed.is_none() && !outcome.files.is_empty() {
            let base = diff::base(outcome);
            if self.diff_shown && base != self.invocation.here {
                let base = base.display();
                self.note(
                    out,
                    &format!("the paths of the diff are relative to {base}"),
                )?;
            }
            let command = self.invocation.with(&["--apply"]);
            self.help(
                out,
                &format!("nothing was written; `{command}` writes the changes"),
            )?;
        }
        Ok(())
    }

    /// The command that explains the first finding in a state.
    fn why(&self, state: State) -> Option<String> {
        let findings = &self.outcome.findings;
        let first = findings.iter().find(|finding| finding.state == state)?;
        let command = self.invocation.why(&first.path, first.start.line);
        Some(format!("`{command}`"))
    }

    /// What was not looked at, or not well.
    pub(super) fn left_out(&self, out: &mut dyn Write) -> io::Result<()> {
        let outcome = self.outcome;
        let named = match self.verbose {
            true => usize::MAX,
            false => NAMED,
        };
        for skipped in outcome.skipped.iter().take(named) {
            let path = outcome.shown(&skipped.path);
            self.warning(out, &format!("skipped {path}: {}", skipped.reason))?;
        }
        let more = outcome.skipped.len().saturating_sub(named);
        if more > 0 {
            self.warning(out, &format!("skipped {more} more: `-v` names them"))?;
        }
        if !outcome.excluded.is_empty() {
            let files = count(outcome.excluded.len(), "file");
            let hint = if self.verbose {
                ":"
            } else {
                "; `-v` names them"
            };
            self.note(out, &format!("{files} excluded by the configuration{hint}"))?;
            for path in outcome.excluded.iter().filter(|_| self.verbose) {
                writeln!(out, "  {}", outcome.shown(path))?;
            }
        }
        for reason in &outcome.degraded {
            let reason = reason.trim_end().replace('\n', "\n  ");
            self.warning(out, &format!("less is known than could be: {reason}"))?;
        }
        for (place, number) in &outcome.unseen {
            let places = count(*number, "place");
            self.note(out, &format!("not looked at: {place}: {places}"))?;
        }
        if !outcome.quiet.is_empty() {
            self.note(out, &format!("fine as they are: {}", quiet(outcome)))?;
        }
        Ok(())
    }

    /// Writes the defects of ours alone.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn defects(&self, out: &mut dyn Write) -> io::Result<()> {
        let error = self.palette.error;
        for defect in &self.outcome.defects {
            let message = match self.verbose {
                true => defect.message.as_str(),
                false => defect.message.lines().next().unwrap_or_default(),
            };
            writeln!(
                out,
                "{error}error{error:#}: a defect of unpark in {}, looking at {}: {message}",
                defect.codemod,
                relative(&defect.path, &self.invocation.here)
            )?;
        }
        if !self.outcome.defects.is_empty() {
            self.help(
                out,
                "the rest of the run is good; please report the defect with what `-v` shows",
            )?;
        }
        Ok(())
    }

    pub(super) fn warning(&self, out: &mut dyn Write, message: &str) -> io::Result<()> {
        let warning = self.palette.warning;
        writeln!(out, "{warning}warning{warning:#}: {message}")
    }

    fn note(&self, out: &mut dyn Write, message: &str) -> io::Result<()> {
        let note = self.palette.note;
        writeln!(out, "{note}note{note:#}: {message}")
    }

    pub(super) fn help(&self, out: &mut dyn Write, message: &str) -> io::Result<()> {
        let help = self.palette.help;
        writeln!(out, "{help}help{help:#}: {message}")
    }
}

/// How the changes were compiled.
pub fn compiled(verification: &Verification) -> String {
    let configurations = verification.configurations.iter();
    let features: Vec<&str> = configurations.map(String::as_str).collect();
    let tested = verification.tests.map(|tests| match tests {
        0 => ", no test passed before".to_owned(),
        tests => format!(", {} as before", count(tests, "test")),
    });
    format!(
        "compiled with {}{} ({})",
        features.join(", "),
        tested.unwrap_or_default(),
        count(verification.checks, "check")
    )
}

/// The places that are fine as they are, by the reason.
pub fn quiet(outcome: &Outcome) -> String {
    let reasons = outcome.quiet.iter();
    let reasons: Vec<String> = reasons
        .map(|(reason, number)| format!("{reason}: {number}"))
        .collect();
    reasons.join("; ")
}

/// `2 fixed, 1 refused`
fn by_state(findings: &[&Finding]) -> String {
    let counts = State::ALL.into_iter().filter_map(|state| {
        let count = findings
            .iter()
            .filter(|finding| finding.state == state)
            .count();
        let words = match state {
            State::Baseline => "in the baseline",
            _ => state.name(),
        };
        (count > 0).then(|| format!("{count} {words}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{discover::Skipped, options::Options, outcome::Defect, report::sample};

    fn finding(state: State) -> Finding {
        sample::finding(state, "/w/src/x.rs", 12)
    }

    #[test]
    fn says_what_else_is_on_offer_and_what_was_left_out() {
        let skipped = |name: &str| Skipped {
            path: PathBuf::from("/w").join(name),
            reason: "it is generated".to_owned(),
        };
        let outcome = Outcome {
            root: PathBuf::from("/w"),
            walked: 9,
            findings: vec![
                finding(State::Offered),
                finding(State::Offered),
                finding(State::Manual),
            ],
            skipped: ["a.rs", "b.rs", "c.rs", "d.rs", "e.rs"].map(skipped).into(),
            degraded: ["rust-src is missing".to_owned()].into(),
            unseen: [("code under cfg(windows)".to_owned(), 1)].into(),
            quiet: [("tasks without an error to lose", 4)].into(),
            defects: vec![Defect {
                path: PathBuf::from("/w/src/y.rs"),
                codemod: "unobserved-task",
                message: "it panicked\nhere".to_owned(),
            }],
            ..Outcome::default()
        };
        let committed = Committed {
            written: Vec::new(),
            stale: vec![PathBuf::from("/w/src/z.rs")],
            dropped: [1, 2].into(),
            ..Committed::default()
        };
        let invocation = Invocation {
            program: "unpark",
            command: Vec::new(),
            options: Options::default(),
            here: PathBuf::from("/w"),
        };
        let summary = Summary {
            outcome: &outcome,
            invocation: &invocation,
            committed: Some(&committed),
            reports: &[],
            diff_shown: false,
            verbose: false,
            palette: Palette::default(),
        };
        let mut out = Vec::new();
        summary.write(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
3 findings in 1 of 9 files: 2 offered, 1 manual
  unobserved-task  2 offered, 1 manual
warning: src/z.rs changed while unpark ran, and was left as it is
warning: 2 changes dropped for it
help: run again: `unpark --apply`
help: 2 more with `--unsafe-fixes`: `unpark --unsafe-fixes`
help: 1 needs a person: `unpark why src/x.rs:12`
warning: skipped a.rs: it is generated
warning: skipped b.rs: it is generated
warning: skipped c.rs: it is generated
warning: skipped 2 more: `-v` names them
warning: less is known than could be: rust-src is missing
note: not looked at: code under cfg(windows): 1 place
note: fine as they are: tasks without an error to lose: 4
error: a defect of unpark in unobserved-task, looking at src/y.rs: it panicked
help: the rest of the run is good; please report the defect with what `-v` shows
"
        );
    }
}
