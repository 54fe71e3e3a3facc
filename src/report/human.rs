//! Findings as compilers show them: the place, the reason, what is done about it, and the diff.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use unpark_codemods::CATALOGUE;

use super::{
    Palette, count, diff,
    invocation::Invocation,
    notes::{self, Kind},
    uri,
};
use crate::{
    outcome::{Finding, Outcome, State},
    replay,
};

/// How many findings are shown on a screen, unless all are asked for.
const SHOWN: usize = 30;

/// Writes findings, the most severe first and those of a codemod together; on a screen the first
/// [`SHOWN`], and how to see the others. What a comment or the baseline allows is only
/// shown to those who want to see everything.
///
/// # Errors
/// If they can't be written.
pub fn write(
    outcome: &Outcome,
    invocation: &Invocation,
    verbose: bool,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut findings: Vec<&Finding> = outcome
        .findings
        .iter()
        .filter(|finding| verbose || finding.state.is_open())
        .collect();
    findings.sort_by_key(|finding| {
        let codemods = CATALOGUE.iter();
        let codemod = codemods.take_while(|codemod| codemod.name != finding.codemod);
        (severity(finding.state), codemod.count())
    });
    let shown = match palette.is_screen && !verbose {
        true => SHOWN.min(findings.len()),
        false => findings.len(),
    };
    let (shown, others) = findings.split_at(shown);
    for finding in shown {
        write_finding(outcome, finding, palette, out)?;
        writeln!(out)?;
    }
    if others.is_empty() {
        return Ok(());
    }
    let mut by_codemod: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in others {
        *by_codemod.entry(finding.codemod).or_default() += 1;
    }
    let by_codemod = by_codemod.iter();
    let by_codemod: Vec<String> = by_codemod
        .map(|(name, it)| format!("{it} of {name}"))
        .collect();
    let (note, help) = (palette.note, palette.help);
    let more = count(others.len(), "more finding");
    writeln!(out, "{note}note{note:#}: {more}: {}", by_codemod.join(", "))?;
    let all = invocation.with(&["-v", "--message-format", "human"]);
    let lines = invocation.with(&["--message-format", "short"]);
    writeln!(
        out,
        "{help}help{help:#}: `{all}` shows all of them, `{lines}` a line for each, and `--only NAME` \
         those of one codemod"
    )
}

/// What nobody but a person can mend comes first, what is dealt with last.
pub fn severity(state: State) -> usize {
    match state {
        State::Reverted => 0,
        State::Manual => 1,
        State::Refused => 2,
        State::Offered => 3,
        State::Fixed => 4,
        State::Suppressed => 5,
        State::Baseline => 6,
    }
}

/// Writes one finding with all that is known of it.
///
/// # Errors
/// If it can't be written.
pub fn write_finding(
    outcome: &Outcome,
    finding: &Finding,
    palette: Palette,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match finding.state {
        State::Reverted => Level::ERROR,
        State::Suppressed | State::Baseline => Level::NOTE,
        _ => Level::WARNING,
    };
    let title = level
        .primary_title(finding.message.as_str())
        .id(finding.codemod);
    let path = linked(&outcome.shown(&finding.path), &finding.path, palette);
    let mut group = match outcome.sources.get(&finding.path) {
        Some(source) => {
            // Only the lines of the place: a snippet is made for every finding of a file.
            let text = &source.text;
            let start = finding.start.byte - source.shift();
            let end = finding.end.byte - source.shift();
            let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
            let span = start - first..end - first;
            let snippet = Snippet::source(&text[first..last])
                .line_start(finding.start.line)
                .path(path)
                .annotation(AnnotationKind::Primary.span(span));
            title.element(snippet)
        }
        None => Group::with_title(title),
    };
    let change = finding
        .change
        .and_then(|id| outcome.changes.iter().find(|change| change.id == id));
    let mut notes = notes::all(outcome, finding);
    if change.is_some()
        && let Some((_, last)) = notes.last_mut()
    {
        // The diff follows.
        last.push(':');
    }
    for (kind, message) in notes {
        let level = match kind {
            Kind::Note => Level::NOTE,
            Kind::Help => Level::HELP,
        };
        group = group.element(level.message(message));
    }
    let renderer = match palette.colored {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    writeln!(out, "{}", renderer.render(&[group]))?;
    let Some(change) = change else {
        return Ok(());
    };
    for (path, (old, new)) in replay::of_change(outcome, change) {
        if change.edits.iter().any(|(other, _)| *other != finding.path) {
            let strong = palette.strong;
            writeln!(out, "{strong}{}{strong:#}", outcome.shown(&path))?;
        }
        diff::hunks(old.as_bytes(), new.as_bytes(), palette, out)?;
    }
    Ok(())
}

/// A path that a click opens, where the terminal can.
/// Source: <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>.
pub(super) fn linked(shown: &str, path: &Path, palette: Palette) -> String {
    if !palette.links {
        return shown.to_owned();
    }
    let path = uri(&path.to_string_lossy().replace('\\', "/"));
    format!("\u{1b}]8;;file://{path}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{options::Options, report::sample};

    fn shown(findings: usize, verbose: bool, palette: Palette) -> String {
        let finding = |line| sample::finding(State::Fixed, "/w/my code.rs", line);
        let outcome = Outcome {
            root: PathBuf::from("/w"),
            findings: (1..=findings).map(finding).collect(),
            ..Outcome::default()
        };
        let invocation = Invocation {
            program: "unpark",
            command: Vec::new(),
            options: Options::default(),
            here: PathBuf::from("/w"),
        };
        let mut out = Vec::new();
        write(&outcome, &invocation, verbose, palette, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_screen_is_no_wall() {
        let screen = Palette {
            is_screen: true,
            ..Palette::default()
        };
        let of_screen = shown(SHOWN + 2, false, screen);
        assert_eq!(of_screen.matches("warning[").count(), SHOWN);
        let (_, end) = of_screen.split_once("note: 2 more").unwrap();
        assert_eq!(
            end,
            " findings: 2 of unobserved-task\nhelp: `unpark -v --message-format human` shows all of \
             them, `unpark --message-format short` a line for each, and `--only NAME` those of one \
             codemod\n"
        );
        for all in [
            shown(SHOWN + 2, true, screen),
            shown(SHOWN + 2, false, Palette::default()),
        ] {
            assert_eq!(all.matches("warning[").count(), SHOWN + 2);
            assert!(!all.contains("more findings"));
        }
    }

    #[test]
    fn a_link_is_a_uri() {
        let linked = linked(
            "my code.rs",
            Path::new("/w/my code.rs"),
            Palette {
                links: true,
                ..Palette::default()
            },
        );
        assert_eq!(
            linked,
            "\u{1b}]8;;file:///w/my%20code.rs\u{1b}\\my code.rs\u{1b}]8;;\u{1b}\\"
        );
    }
}
