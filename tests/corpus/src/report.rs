//! The results as a page.

use std::fmt::Write as _;

use crate::trial::Trial;

/// One line for a person who waits.
pub fn line(trial: &Trial) -> String {
    let verdict = match trial.holds() {
        true => "holds",
        false => "BROKEN",
    };
    let mut line = format!(
        "{verdict}: {}: {}, {} written, {:.0} s",
        trial.id,
        findings(trial),
        trial.files,
        trial.wall
    );
    for test in &trial.lost {
        let _ = write!(line, "\n  lost: {test}");
    }
    for error in &trial.errors {
        let _ = write!(line, "\n  {error}");
    }
    line
}

/// All results, as Markdown.
pub fn page(trials: &[Trial]) -> String {
    let mut page = "\
# What unpark does on real projects

Written by `cargo run --release -p unpark-corpus -- --report docs/src/results.md`: each project is compiled and
tested, `unpark --apply --unsafe-fixes` is run, and it is compiled and tested again. Compiled: with
`cargo check --all-targets`, before and after. Tests: those that passed before, and those of them that do
not pass after. Seconds and memory are those of the one machine that it was run on; memory is what is
resident at the end of a phase.

| project | findings by codemod and state | files | compiled | tests | again | discover, load, analyse, verify (s) | memory after load, analyse (MB) |
| --- | --- | --- | --- | --- | --- | --- | --- |
"
    .to_owned();
    for trial in trials {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let (before, after) = trial.compiles;
        let tests = match (trial.tests, trial.lost.len()) {
            (None, _) => "not run".to_owned(),
            (Some(passed), 0) => format!("{passed}, all still"),
            (Some(passed), lost) => format!("{passed}, {lost} lost"),
        };
        let again = match trial.settled {
            true => "nothing",
            false => "changes",
        };
        let seconds = ["discover", "load", "analyse", "verify"]
            .map(|phase| format!("{:.1}", trial.seconds.get(phase).unwrap_or(&0.0)));
        let memory = ["load", "analyse"].map(|phase| {
            let bytes = trial.memory.get(phase).copied().unwrap_or_default();
            (bytes / 1_000_000).to_string()
        });
        let _ = writeln!(
            page,
            "| {}{} | {} | {} | {}, {} | {tests} | {again} | {} | {} |",
            trial.id,
            match trial.config.as_str() {
                "" => String::new(),
                config => format!(" with `{config}`"),
            },
            findings(trial),
            trial.files,
            yes(before),
            yes(after),
            seconds.join(", "),
            memory.join(", ")
        );
    }
    page
}

fn findings(trial: &Trial) -> String {
    let codemods = trial.findings.iter().map(|(codemod, states)| {
        let states: Vec<String> = states
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        format!("{codemod}: {}", states.join(", "))
    });
    let codemods: Vec<String> = codemods.collect();
    match codemods.is_empty() {
        true => "nothing found".to_owned(),
        false => codemods.join("; "),
    }
}
