//! What a step of a GitHub workflow shows: annotations beside the code, and a table in the summary of
//! the step. GitHub shows no more than ten annotations of each kind for a step.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::Path,
};

use super::{count, human, notes, severity::Severity};
use crate::outcome::{Finding, Outcome, relative};

/// How many annotations of one kind are shown.
const SHOWN: usize = 10;

/// How large the summary of a step may be, in bytes; GitHub drops one that is larger.
const ROOM: usize = 1024 * 1024;

/// What is kept free for what stands around the rows.
const MARGIN: usize = 4096;

/// Writes the annotations, with paths relative to `base`, the most severe first.
///
/// # Errors
/// If they can't be written.
pub fn write(outcome: &Outcome, base: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut shown: BTreeMap<Severity, usize> = BTreeMap::new();
    let mut left = 0;
    for finding in ranked(outcome) {
        let severity = Severity::of(finding.state);
        let shown = shown.entry(severity).or_default();
        *shown += 1;
        if *shown > SHOWN {
            left += 1;
            continue;
        }
        let command = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let (start, end) = (finding.start, finding.end);
        let mut properties = vec![
            ("file", relative(&finding.path, base)),
            ("line", start.line.to_string()),
            ("endLine", end.line.to_string()),
        ];
        if start.line == end.line {
            // Columns are only taken within a line.
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        }
        let title = format!("{} ({})", finding.codemod, finding.state.name());
        properties.push(("title", title));
        let properties: Vec<String> = properties
            .iter()
            .map(|(name, value)| format!("{name}={}", property(value)))
            .collect();
        let message = data(&notes::text(outcome, finding));
        writeln!(out, "::{command} {}::{message}", properties.join(","))?;
    }
    if left > 0 {
        writeln!(
            out,
            "{left} more: GitHub shows {SHOWN} of a kind for a step"
        )?;
    }
    Ok(())
}

/// Appends the table to the summary of the step that runs.
///
/// # Errors
/// If the file that the variable `GITHUB_STEP_SUMMARY` names can't be written.
pub fn add_to_summary(outcome: &Outcome, base: &Path) -> io::Result<()> {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)?;
    let taken = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let room = ROOM.saturating_sub(taken);
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let code = variable("GITHUB_SERVER_URL")
        .zip(variable("GITHUB_REPOSITORY"))
        .zip(variable("GITHUB_SHA"))
        .map(|((server, repository), commit)| format!("{server}/{repository}/blob/{commit}"));
    file.write_all(summary(outcome, base, code.as_deref(), room).as_bytes())
}

/// The table in Markdown, in no more bytes than there is room for. `code` is where the files are to
/// be seen.
pub fn summary(outcome: &Outcome, base: &Path, code: Option<&str>, room: usize) -> String {
    let findings = ranked(outcome);
    let states: Vec<String> = outcome
        .counts()
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(state, number)| format!("{number} {}", state.name()))
        .collect();
    let mut text = format!(
        "### unpark: {}\n\n",
        match states.is_empty() {
            true => format!("nothing found in {}", count(outcome.walked, "file")),
            false => states.join(", "),
        }
    );
    if findings.is_empty() {
        return within(text, room);
    }
    text += "| state | codemod | place | finding |\n| --- | --- | --- | --- |\n";
    let mut rows = findings.iter().map(|finding| row(finding, base, code));
    let mut left = findings.len();
    for row in &mut rows {
        if text.len() + row.len() + MARGIN > room {
            break;
        }
        text += &row;
        left -= 1;
    }
    if left > 0 {
        text += &format!("\n{left} more: there is no room for them here\n");
    }
    text.push('\n');
    within(text, room)
}

fn within(text: String, room: usize) -> String {
    match text.len() > room {
        true => String::new(),
        false => text,
    }
}

fn row(finding: &Finding, base: &Path, code: Option<&str>) -> String {
    let path = relative(&finding.path, base);
    let line = finding.start.line;
    let mut place = format!("`{}:{line}`", path.replace(['`', '|', '\n', '\r'], "?"));
    if let Some(code) = code {
        place = format!("[{place}]({code}/{}#L{line})", super::uri(&path));
    }
    let message = cell(&finding.message);
    let (state, codemod) = (finding.state.name(), finding.codemod);
    format!("| {state} | `{codemod}` | {place} | {message} |\n")
}

/// The findings that no comment allows, by severity, and then as people are shown them.
fn ranked(outcome: &Outcome) -> Vec<&Finding> {
    let findings = outcome.findings.iter();
    let mut findings: Vec<&Finding> = findings.filter(|finding| finding.state.is_open()).collect();
    findings.sort_by_key(|finding| {
        let state = finding.state;
        (Severity::of(state), human::severity(state))
    });
    findings
}

/// The text of a workflow command, which ends with its line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or at the colons.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text in a table: code stays code, and nothing else means anything.
fn cell(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let parts: Vec<&str> = line.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let parts = parts
        .iter()
        .enumerate()
        .map(|(index, part)| match index % 2 == 1 && closed {
            true => (*part).to_owned(),
            false => plain(part),
        });
    parts.collect::<Vec<_>>().join("`")
}

fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if "*_[]<>#~@".contains(c) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::State;
    use crate::report::sample;

    fn findings(number: usize, state: State) -> impl Iterator<Item = Finding> {
        (1..=number).map(move |line| Finding {
            message: "100% of `Vec<u8>`\nare a <b> | c".to_owned(),
            ..sample::finding(state, "/w/src/a,b.rs", line)
        })
    }

    fn outcome(states: &[(usize, State)]) -> Outcome {
        let findings = states
            .iter()
            .flat_map(|(number, state)| findings(*number, *state));
        Outcome {
            findings: findings.collect(),
            walked: 3,
            ..Outcome::default()
        }
    }

    #[test]
    fn ten_of_a_kind_are_annotated_the_most_severe_first() {
        let outcome = outcome(&[
            (12, State::Refused),
            (9, State::Offered),
            (11, State::Fixed),
            (2, State::Manual),
            (1, State::Suppressed),
        ]);
        let mut out = Vec::new();
        write(&outcome, Path::new("/w"), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let of = |command: &str| -> Vec<&str> {
            let all = text.lines();
            all.filter(|line| line.starts_with(&format!("::{command} ")))
                .collect()
        };
        assert_eq!(of("error").len(), 10);
        assert_eq!(of("warning").len(), 10);
        assert_eq!(of("notice").len(), 10);
        assert!(of("warning")[0].contains("(manual)"), "{text}");
        assert!(text.starts_with(
            "::error file=src/a%2Cb.rs,line=1,endLine=1,col=1,endColumn=7,title=unobserved-task \
             (fixed)::100%25 of `Vec<u8>`%0Aare a <b> | c%0Ahelp: fixed, the change is safe\n"
        ));
        assert!(text.ends_with("\n4 more: GitHub shows 10 of a kind for a step\n"));
        assert!(!text.contains("suppressed"), "{text}");
    }

    #[test]
    fn the_table_is_markdown_and_keeps_to_its_room() {
        let few = outcome(&[(1, State::Fixed)]);
        assert_eq!(
            summary(&few, Path::new("/w"), Some("https://x/o/r/blob/1"), ROOM),
            "### unpark: 1 fixed\n\n| state | codemod | place | finding |\n\
             | --- | --- | --- | --- |\n\
             | fixed | `unobserved-task` | [`src/a,b.rs:1`](https://x/o/r/blob/1/src/a%2Cb.rs#L1) \
             | 100% of `Vec<u8>` are a \\<b\\> \\| c |\n\n"
        );
        let many = outcome(&[(20_000, State::Manual)]);
        let text = summary(&many, Path::new("/w"), None, ROOM);
        assert!(text.len() <= ROOM && text.len() > ROOM - 2 * MARGIN);
        assert!(text.contains(" more: there is no room for them here"));
        assert_eq!(summary(&many, Path::new("/w"), None, 20), "");
        assert_eq!(
            summary(&outcome(&[]), Path::new("/w"), None, ROOM),
            "### unpark: nothing found in 3 files\n\n"
        );
    }
}
