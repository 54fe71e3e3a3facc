//! What a team does that has findings to live with, over every fixture.

use std::collections::BTreeSet;

use unpark::{
    baseline::{Baseline, Entry},
    outcome::{Finding, Outcome, State},
    suppress,
};

use unpark_codemods::codemod::Safety;

use crate::{
    fixtures::all,
    support::{
        fixture::Case,
        laws::{Texts, law},
        stage::{after, in_pool, line, stage},
    },
};

/// Checks something of every case; `ONLY` chooses some.
fn every_case(check: fn(&Case) -> Result<(), String>) {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut failures = Vec::new();
    for (path, _, cases) in all() {
        if !path.to_string_lossy().contains(&only) {
            continue;
        }
        for case in &cases {
            if let Err(failure) = in_pool(2, || check(case)) {
                failures.push(format!("{}: {}: {failure}", path.display(), case.title()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn lines(outcome: &Outcome, wanted: impl Fn(State) -> bool) -> String {
    let findings = outcome.findings.iter().filter(|it| wanted(it.state));
    findings.map(|finding| line(outcome, finding)).collect()
}

/// The comments that have faults of their own, before and after.
fn faults(outcome: &Outcome) -> BTreeSet<&str> {
    let faults = outcome.findings.iter();
    let faults = faults.filter(|it| it.codemod == suppress::NAME);
    faults.map(|it| it.message.as_str()).collect()
}

#[test]
fn what_is_allowed_is_quiet() {
    every_case(|case| {
        let before = stage().survey(case, &case.before);
        let outcome = stage().allow(case, &case.before, "legacy");
        law(
            outcome.count(State::Refused) == 0,
            &format!(
                "no comment:\n{}",
                lines(&outcome, |it| it == State::Refused)
            ),
        )?;
        let texts = after(&case.before, &outcome);
        law(
            only_comments_are_new(&case.before, &texts),
            "more than comments",
        )?;
        let outcome = stage().survey(case, &texts);
        let found = faults(&outcome);
        law(
            found.is_subset(&faults(&before)),
            &format!("comments with faults: {found:?}"),
        )?;
        let open = |it: &&Finding| it.state.is_open() && it.codemod != suppress::NAME;
        let open = outcome.findings.iter().find(open);
        law(
            open.is_none(),
            &format!("not quiet:\n{}", lines(&outcome, State::is_open)),
        )
    });
}

/// Without the lines of comments, both are the same.
fn only_comments_are_new(before: &Texts, after: &Texts) -> bool {
    after.iter().all(|(name, text)| {
        let mut old = before[name].lines();
        let mut new = text.lines();
        new.all(|line| {
            let is_comment = line.trim_start().starts_with("// unpark: allow(");
            (is_comment && line.ends_with(" legacy")) || old.next() == Some(line)
        }) && old.next().is_none()
    })
}

fn baseline_of<'a>(outcome: &'a Outcome, wanted: impl Fn(&str) -> bool + 'a) -> Baseline {
    let findings = outcome.findings.iter().filter(|it| wanted(&it.id));
    let entry = |id: &String| Entry {
        path: String::new(),
        codemod: String::new(),
        message: String::new(),
        id: id.clone(),
    };
    findings.map(|finding| entry(&finding.id)).collect()
}

/// All findings are in the baseline; then one is not, and is mended. All others still are in a second run.
#[test]
fn what_is_in_the_baseline_stays() {
    every_case(|case| {
        let look = stage().survey(case, &case.before);
        let all = baseline_of(&look, |_| true);
        let beside = stage().play_beside(case, &case.before, &all);
        law(
            beside.files.is_empty() && !beside.findings.iter().any(|it| it.state.is_open()),
            &format!("not left alone:\n{}", lines(&beside, State::is_open)),
        )?;
        let can_be_mended = |it: &&Finding| {
            it.state == State::Offered && (it.safety == Safety::Safe || case.options.unsafe_fixes)
        };
        let Some(mended) = look.findings.iter().find(can_be_mended) else {
            return Ok(());
        };
        let others = baseline_of(&look, |id| id != mended.id);
        if others.is_empty() {
            return Ok(());
        }
        let beside = stage().play_beside(case, &case.before, &others);
        law(beside.defects.is_empty(), "a defect")?;
        let after = after(&case.before, &beside);
        let again = stage().play_beside(case, &after, &others);
        law(
            again.files.is_empty(),
            &format!(
                "mended:\n{}then:\n{}and again:\n{}{after:#?}",
                line(&look, mended),
                lines(&beside, State::is_open),
                lines(&again, State::is_open)
            ),
        )
    });
}
