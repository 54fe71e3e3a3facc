//! One JSON object a line, for programs. The form is a promise; see the README.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

use serde::Serialize;
use unpark_codemods::codemod::{Cost, Effect};

use crate::{
    baseline::Baseline,
    commit::{Direction, Kind, Recovered, Settled},
    history::{Commit, Recorded},
    identity::sha256,
    outcome::{
        Change, ChangedFile, Conversion, Defect, Finding, Memory, Outcome, Reason, Seconds,
        Verification, relative,
    },
    overlay::Replacement,
    source::Position,
};

/// The version of the form.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "lowercase")]
enum Line<'a> {
    Finding(FindingLine<'a>),
    Change(ChangeLine<'a>),
    File(FileLine),
    Defect(DefectLine<'a>),
    Error(ErrorLine<'a>),
    Commit(CommitLine<'a>),
    Recovered(RecoveredLine),
    Undone(UndoneLine),
    Statistics(StatisticsLine<'a>),
    Summary(SummaryLine<'a>),
}

#[derive(Serialize)]
struct FindingLine<'a> {
    schema: u32,
    id: &'a str,
    codemod: &'a str,
    state: &'a str,
    safety: &'a str,
    path: String,
    range: Range,
    message: &'a str,
    why: Vec<Why<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversion: Option<ConversionPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compiler: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    runtime_effects: &'a [Effect],
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Why<'a> {
    path: String,
    line: usize,
    message: &'a str,
}

/// What becomes async with a finding.
#[derive(Serialize)]
struct ConversionPart<'a> {
    functions: Vec<ConvertedPart<'a>>,
    cost: &'a Cost,
}

#[derive(Serialize)]
struct ConvertedPart<'a> {
    function: &'a str,
    path: String,
    line: usize,
    message: &'a str,
    because: Vec<Why<'a>>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct RefusalPart {
    kind: &'static str,
    message: String,
}

#[derive(Serialize)]
struct ChangeLine<'a> {
    id: String,
    codemod: &'a str,
    safety: &'a str,
    round: usize,
    depends_on: Vec<String>,
    /// Only said where it is not part of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    selected: Option<bool>,
    edits: Vec<ChangeEdit<'a>>,
}

#[derive(Serialize)]
struct ChangeEdit<'a> {
    path: String,
    start: usize,
    end: usize,
    replacement: &'a str,
}

#[derive(Serialize)]
struct FileLine {
    path: String,
    /// `None` where there was no file.
    before_sha256: Option<String>,
    after_sha256: String,
    edits: Vec<Replacement>,
}

#[derive(Serialize)]
struct DefectLine<'a> {
    path: String,
    codemod: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// A commit that git made of what was written.
#[derive(Serialize)]
struct CommitLine<'a> {
    id: &'a str,
    title: &'a str,
}

/// An apply or an undo that was interrupted, and ended before anything else.
#[derive(Serialize)]
struct RecoveredLine {
    schema: u32,
    interrupted: Kind,
    became: &'static str,
    #[serde(flatten)]
    files: SettledPart,
}

#[derive(Serialize)]
struct UndoneLine {
    schema: u32,
    #[serde(flatten)]
    files: SettledPart,
    success: bool,
}

/// How many findings there are, by codemod and state.
#[derive(Serialize)]
struct StatisticsLine<'a> {
    schema: u32,
    codemods: BTreeMap<&'a str, BTreeMap<&'static str, usize>>,
}

#[derive(Serialize)]
struct SettledPart {
    files: Vec<String>,
    left: Vec<LeftPart>,
}

#[derive(Serialize)]
struct LeftPart {
    path: String,
    message: String,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    schema: u32,
    files: usize,
    candidates: usize,
    findings: BTreeMap<&'static str, usize>,
    changes: usize,
    seconds: &'a Seconds,
    memory: &'a Memory,
    /// Only said where the changes were compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<&'a Verification>,
    skipped: Vec<Skip<'a>>,
    /// The files that the configuration excludes. Only said where there are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded: Vec<String>,
    /// What becomes of the baselines. Only said where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    baselines: Vec<BaselinePart>,
    degraded: Vec<&'a str>,
    unseen: Vec<String>,
    /// Places that are fine as they are, by the reason. Only said where there are some.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fine: &'a BTreeMap<&'static str, usize>,
    /// The ids of what a selection accepts, and could not be made. Only said where there are some.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unmet: &'a BTreeSet<String>,
    /// Where an apply or an undo has not ended. Only said where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unfinished: Vec<String>,
    success: bool,
}

#[derive(Serialize)]
struct BaselinePart {
    path: String,
    /// How many findings it had.
    recorded: usize,
    /// How many of them are not found any more.
    gone: usize,
    /// How many it has from now on, where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    becomes: Option<usize>,
}

#[derive(Serialize)]
struct Skip<'a> {
    path: String,
    message: &'a str,
}

/// Writes the whole outcome. `success` is what the exit code says.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, success: bool, out: &mut dyn Write) -> io::Result<()> {
    for finding in &outcome.findings {
        line(out, &Line::Finding(finding_line(outcome, finding)))?;
    }
    for change in &outcome.changes {
        line(out, &Line::Change(change_line(outcome, change)))?;
    }
    for file in &outcome.files {
        line(out, &Line::File(file_line(outcome, file)))?;
    }
    for defect in &outcome.defects {
        line(out, &Line::Defect(defect_line(outcome, defect)))?;
    }
    summary(outcome, success, out)
}

/// Writes the line that a run ends with.
///
/// # Errors
/// If it can't be written.
pub fn summary(outcome: &Outcome, success: bool, out: &mut dyn Write) -> io::Result<()> {
    line(out, &Line::Summary(summary_line(outcome, success)))
}

/// Writes how many findings there are.
///
/// # Errors
/// If it can't be written.
pub fn statistics(
    codemods: BTreeMap<&str, BTreeMap<&'static str, usize>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let schema = SCHEMA;
    line(out, &Line::Statistics(StatisticsLine { schema, codemods }))
}

/// Writes what kept a run from going.
///
/// # Errors
/// If it can't be written.
pub fn error(message: &str, help: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    line(out, &Line::Error(ErrorLine { message, help }))
}

/// Writes a defect that ended a run; where it is not known, with an empty path and codemod.
///
/// # Errors
/// If it can't be written.
pub fn defect(path: &str, codemod: &str, message: &str, out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        &Line::Defect(DefectLine {
            path: path.to_owned(),
            codemod,
            message,
        }),
    )
}

/// Writes the commits that git made, and what kept it from making more.
///
/// # Errors
/// If it can't be written.
pub fn recorded(it: &Recorded, out: &mut dyn Write) -> io::Result<()> {
    for Commit { id, title } in &it.commits {
        line(out, &Line::Commit(CommitLine { id, title }))?;
    }
    match &it.failure {
        Some(failure) => error(&failure.message(), failure.help.as_deref(), out),
        None => Ok(()),
    }
}

/// Writes what became of something that was interrupted.
///
/// # Errors
/// If it can't be written.
pub fn recovered(it: &Recovered, root: &Path, out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        &Line::Recovered(RecoveredLine {
            schema: SCHEMA,
            interrupted: it.kind,
            became: match it.direction {
                Direction::Forward => "finished",
                Direction::Back => "undone",
            },
            files: settled_part(&it.settled, root),
        }),
    )
}

/// Writes what was taken back.
///
/// # Errors
/// If it can't be written.
pub fn undone(settled: &Settled, root: &Path, out: &mut dyn Write) -> io::Result<()> {
    line(
        out,
        &Line::Undone(UndoneLine {
            schema: SCHEMA,
            files: settled_part(settled, root),
            success: settled.left.is_empty(),
        }),
    )
}

fn settled_part(settled: &Settled, root: &Path) -> SettledPart {
    let left = settled.left.iter().map(|left| LeftPart {
        path: relative(&left.path, root),
        message: left.reason.clone(),
    });
    SettledPart {
        files: settled
            .written
            .iter()
            .map(|path| relative(path, root))
            .collect(),
        left: left.collect(),
    }
}

fn line(out: &mut dyn Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn finding_line<'a>(outcome: &Outcome, finding: &'a Finding) -> FindingLine<'a> {
    FindingLine {
        schema: SCHEMA,
        id: &finding.id,
        codemod: finding.codemod,
        state: finding.state.name(),
        safety: finding.safety.name(),
        path: outcome.shown(&finding.path),
        range: Range {
            start: finding.start,
            end: finding.end,
        },
        message: &finding.message,
        why: whys(outcome, &finding.why),
        conversion: finding
            .conversion
            .as_ref()
            .map(|conversion| conversion_part(outcome, conversion)),
        refusal: finding.refusal.as_ref().map(|refusal| RefusalPart {
            kind: refusal.kind.code(),
            message: format!("{}: {}", refusal.kind.name(), refusal.message),
        }),
        help: finding.help.as_deref(),
        compiler: finding.compiler.as_deref(),
        change: finding.change.map(change_id),
        runtime_effects: &finding.effects,
    }
}

fn whys<'a>(outcome: &Outcome, reasons: &'a [Reason]) -> Vec<Why<'a>> {
    let whys = reasons.iter().map(|reason| Why {
        path: outcome.shown(&reason.path),
        line: reason.line,
        message: &reason.message,
    });
    whys.collect()
}

fn conversion_part<'a>(outcome: &Outcome, conversion: &'a Conversion) -> ConversionPart<'a> {
    let functions = conversion.functions.iter().map(|function| ConvertedPart {
        function: &function.path,
        path: outcome.shown(&function.becomes.path),
        line: function.becomes.line,
        message: &function.becomes.message,
        because: whys(outcome, &function.because),
        remarks: &function.remarks,
    });
    ConversionPart {
        functions: functions.collect(),
        cost: &conversion.cost,
    }
}

fn change_id(number: usize) -> String {
    format!("c{number}")
}

fn change_line<'a>(outcome: &Outcome, change: &'a Change) -> ChangeLine<'a> {
    let edits = change.edits.iter().map(|(path, edit)| {
        let shift = outcome.sources.get(path).map_or(0, |source| source.shift());
        ChangeEdit {
            path: outcome.shown(path),
            start: edit.start + shift,
            end: edit.end + shift,
            replacement: &edit.replacement,
        }
    });
    ChangeLine {
        id: change_id(change.id),
        codemod: change.codemod,
        safety: change.safety.name(),
        round: change.round,
        depends_on: change.depends_on.iter().copied().map(change_id).collect(),
        selected: (!change.selected).then_some(false),
        edits: edits.collect(),
    }
}

fn file_line(outcome: &Outcome, file: &ChangedFile) -> FileLine {
    let shift = file.before.shift();
    let edits = file.edits.iter().map(|edit| Replacement {
        start: edit.start + shift,
        end: edit.end + shift,
        replacement: edit.replacement.clone(),
    });
    FileLine {
        path: outcome.shown(&file.path),
        before_sha256: (!file.is_new).then(|| sha256(&file.before.encode(&file.before.text))),
        after_sha256: sha256(&file.before.encode(&file.after)),
        edits: edits.collect(),
    }
}

fn defect_line<'a>(outcome: &Outcome, defect: &'a Defect) -> DefectLine<'a> {
    DefectLine {
        path: outcome.shown(&defect.path),
        codemod: defect.codemod,
        message: &defect.message,
    }
}

fn baseline_parts(outcome: &Outcome) -> Vec<BaselinePart> {
    let parts = outcome.baselines.iter().map(|it| BaselinePart {
        path: outcome.shown(&it.path),
        recorded: it.recorded,
        gone: it.gone,
        becomes: it.becomes.as_ref().map(Baseline::len),
    });
    parts.collect()
}

fn summary_line(outcome: &Outcome, success: bool) -> SummaryLine<'_> {
    let counts = outcome.counts().into_iter();
    let skipped = outcome.skipped.iter().map(|skipped| Skip {
        path: outcome.shown(&skipped.path),
        message: &skipped.reason,
    });
    SummaryLine {
        schema: SCHEMA,
        files: outcome.walked,
        candidates: outcome.candidates,
        findings: counts.map(|(state, count)| (state.name(), count)).collect(),
        changes: outcome
            .changes
            .iter()
            .filter(|change| change.selected)
            .count(),
        seconds: &outcome.seconds,
        memory: &outcome.memory,
        verification: outcome.verification.as_ref(),
        skipped: skipped.collect(),
        baselines: baseline_parts(outcome),
        excluded: outcome
            .excluded
            .iter()
            .map(|it| outcome.shown(it))
            .collect(),
        degraded: outcome.degraded.iter().map(String::as_str).collect(),
        unseen: outcome
            .unseen
            .iter()
            .map(|(place, count)| format!("{place}: {}", super::count(*count, "place")))
            .collect(),
        fine: &outcome.quiet,
        unmet: &outcome.unmet,
        unfinished: outcome
            .unfinished
            .iter()
            .map(|root| outcome.shown(root))
            .collect(),
        success,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};
    use unpark_codemods::codemod::Safety;

    use super::*;
    use crate::{outcome::State, source::Source};

    /// An unsafe change on offer, in a file with a byte order mark.
    fn offered() -> Outcome {
        let path = PathBuf::from("/w/src/a.rs");
        let at = |column, byte| Position {
            line: 1,
            column,
            byte,
        };
        let finding = Finding {
            id: "1f".to_owned(),
            codemod: "unobserved-task",
            state: State::Offered,
            safety: Safety::Unsafe,
            path: path.clone(),
            start: at(1, 3),
            end: at(2, 4),
            message: "it".to_owned(),
            why: vec![Reason {
                path: PathBuf::from("/w/b.rs"),
                line: 3,
                message: "that".to_owned(),
                is_call: false,
            }],
            conversion: None,
            refusal: None,
            help: None,
            compiler: None,
            change: Some(1),
            effects: vec![Effect::TaskLocal],
        };
        let edit = Replacement {
            start: 0,
            end: 1,
            replacement: "b".to_owned(),
        };
        let change = Change {
            id: 1,
            codemod: "unobserved-task",
            safety: Safety::Unsafe,
            round: 2,
            depends_on: [7].into(),
            selected: false,
            edits: vec![(path.clone(), edit)],
        };
        let source = Source::decode("\u{feff}a\n".as_bytes().to_vec()).unwrap();
        Outcome {
            root: PathBuf::from("/w"),
            findings: vec![finding],
            changes: vec![change],
            sources: [(path, source)].into(),
            unseen: [("code under cfg(windows)".to_owned(), 3)].into(),
            ..Outcome::default()
        }
    }

    #[test]
    fn what_is_on_offer_is_not_part_of_the_result() {
        let mut out = Vec::new();
        write(&offered(), true, &mut out).unwrap();
        let lines: Vec<Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            json!({
                "reason": "finding", "schema": 1, "id": "1f", "codemod": "unobserved-task",
                "state": "offered", "safety": "unsafe", "path": "src/a.rs",
                "range": {
                    "start": {"line": 1, "column": 1, "byte": 3},
                    "end": {"line": 1, "column": 2, "byte": 4},
                },
                "message": "it",
                "why": [{"path": "b.rs", "line": 3, "message": "that"}],
                "change": "c1", "runtime_effects": ["task-local"],
            })
        );
        assert_eq!(
            lines[1],
            json!({
                "reason": "change", "id": "c1", "codemod": "unobserved-task", "safety": "unsafe",
                "round": 2, "depends_on": ["c7"], "selected": false,
                "edits": [{"path": "src/a.rs", "start": 3, "end": 4, "replacement": "b"}],
            })
        );
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2]["changes"], 0);
        assert_eq!(lines[2]["findings"]["offered"], 1);
        assert_eq!(
            lines[2]["unseen"],
            json!(["code under cfg(windows): 3 places"])
        );
    }
}
