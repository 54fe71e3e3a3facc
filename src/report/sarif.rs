//! SARIF 2.1.0, which code scanning of forges and viewers in editors read. The call chain is in
//! `codeFlows`, the edits in `fixes`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, CodeFlow, Fix, Invocation, Location,
    Message, MultiformatMessageString, Notification, PhysicalLocation, PropertyBag, Region,
    Replacement, ReportingDescriptor, Result, ResultLevel, Run, Sarif, Suppression, ThreadFlow,
    ThreadFlowLocation, Tool, ToolComponent,
};
use unpark_codemods::CATALOGUE;

use super::{fix, notes, places::Places, severity::Severity, uri};
use crate::{
    outcome::{Finding, Outcome, Reason, State, relative},
    source::Position,
    suppress,
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes it, with paths relative to `base`.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, base: &Path, out: &mut dyn Write) -> io::Result<()> {
    let log = Log {
        outcome,
        base,
        places: Places::of(outcome),
        rules: rules(),
    };
    serde_json::to_writer_pretty(&mut *out, &log.sarif())?;
    writeln!(out)
}

struct Log<'a> {
    outcome: &'a Outcome,
    base: &'a Path,
    places: Places<'a>,
    rules: Vec<ReportingDescriptor>,
}

impl Log<'_> {
    fn sarif(&self) -> Sarif {
        let findings = self.outcome.findings.iter();
        let results: Vec<Result> = findings.map(|finding| self.result(finding)).collect();
        let driver = ToolComponent::builder()
            .name(env!("CARGO_PKG_NAME"))
            .version(env!("CARGO_PKG_VERSION"))
            .semantic_version(env!("CARGO_PKG_VERSION"))
            .information_uri(env!("CARGO_PKG_REPOSITORY"))
            .rules(self.rules.clone())
            .build();
        let run = Run::builder()
            .tool(Tool::builder().driver(driver).build())
            .invocations(vec![self.invocation()])
            .column_kind("unicodeCodePoints")
            .results(results)
            .build();
        Sarif::builder()
            .schema(SCHEMA)
            .version("2.1.0")
            .runs(vec![run])
            .build()
    }

    /// How the run went: what was not looked at, or not well.
    fn invocation(&self) -> Invocation {
        let outcome = self.outcome;
        let skipped = outcome.skipped.iter().map(|it| {
            let message = format!("not looked at: {}", it.reason);
            self.notification("warning", message, Some(&it.path))
        });
        let degraded = outcome.degraded.iter().map(|reason| {
            let message = format!("less is known than could be: {reason}");
            self.notification("warning", message, None)
        });
        let defects = outcome.defects.iter().map(|defect| {
            let message = format!(
                "a defect of unpark in {}: {}",
                defect.codemod, defect.message
            );
            self.notification("error", message, Some(&defect.path))
        });
        let notifications: Vec<Notification> = skipped.chain(degraded).chain(defects).collect();
        Invocation::builder()
            .execution_successful(outcome.defects.is_empty())
            .tool_execution_notifications(notifications)
            .build()
    }

    fn notification(&self, level: &str, message: String, path: Option<&Path>) -> Notification {
        let locations: Vec<Location> = path
            .map(|path| {
                let physical = PhysicalLocation::builder().artifact_location(self.artifact(path));
                Location::builder()
                    .physical_location(physical.build())
                    .build()
            })
            .into_iter()
            .collect();
        Notification::builder()
            .level(level)
            .message(said(message))
            .locations(locations)
            .build()
    }

    fn result(&self, finding: &Finding) -> Result {
        let level = match Severity::of(finding.state) {
            Severity::Error => ResultLevel::Error,
            Severity::Warning => ResultLevel::Warning,
            Severity::Note => ResultLevel::Note,
        };
        let rule = self
            .rules
            .iter()
            .position(|rule| rule.id == finding.codemod);
        let rule = rule.and_then(|index| i64::try_from(index).ok());
        let fixes: Vec<Fix> = self.fix(finding).into_iter().collect();
        let fingerprint = ("unparkId/v1".to_owned(), finding.id.clone());
        let mut result = Result::builder()
            .rule_id(finding.codemod)
            .level(level)
            .message(said(notes::text(self.outcome, finding)))
            .locations(vec![self.location(
                &finding.path,
                Some(region(finding.start, finding.end)),
                None,
            )])
            .partial_fingerprints(BTreeMap::from([fingerprint]))
            // Where one result says whether it is suppressed, all have to.
            .suppressions(suppressions(finding))
            .properties(properties(finding))
            .build();
        result.rule_index = rule;
        result.baseline_state = self.baseline_state(finding);
        result.fixes = Some(fixes).filter(|fixes| !fixes.is_empty());
        result.code_flows = Some(self.code_flows(finding)).filter(|flows| !flows.is_empty());
        result
    }

    /// Whether it is in the baseline, where there is one. Which run that was is not known.
    fn baseline_state(&self, finding: &Finding) -> Option<Value> {
        let state = match finding.state {
            State::Baseline => "unchanged",
            _ => "new",
        };
        (!self.outcome.baselines.is_empty()).then(|| state.into())
    }

    /// The way to the finding, and for each function that becomes async the way to the future.
    fn code_flows(&self, finding: &Finding) -> Vec<CodeFlow> {
        let mut flows = Vec::new();
        let elsewhere =
            |reason: &&Reason| reason.path != finding.path || reason.line != finding.start.line;
        if finding.why.iter().any(|reason| elsewhere(&reason)) {
            let region = region(finding.start, finding.end);
            let end = self.location(&finding.path, Some(region), Some(&finding.message));
            let steps = finding.why.iter().map(|reason| self.step(reason));
            flows.push(flow(steps.chain([end])));
        }
        let converted = finding.conversion.iter().flat_map(|it| &it.functions);
        flows.extend(converted.map(|function| {
            let steps = [&function.becomes].into_iter().chain(&function.because);
            flow(steps.map(|reason| self.step(reason)))
        }));
        flows
    }

    fn step(&self, reason: &Reason) -> Location {
        let region = match self.places.of_reason(reason) {
            Some((start, end)) => region(start, end),
            None => Region::builder().start_line(number(reason.line)).build(),
        };
        self.location(&reason.path, Some(region), Some(&reason.message))
    }

    fn fix(&self, finding: &Finding) -> Option<Fix> {
        let fix = fix::of(self.outcome, finding)?;
        let mut changes = Vec::new();
        for (path, edits) in &fix.files {
            let mut replacements = Vec::new();
            for edit in edits {
                let (start, end) = self.places.of_edit(path, edit)?;
                let inserted = ArtifactContent::builder().text(edit.replacement.as_str());
                replacements.push(
                    Replacement::builder()
                        .deleted_region(region(start, end))
                        .inserted_content(inserted.build())
                        .build(),
                );
            }
            changes.push(
                ArtifactChange::builder()
                    .artifact_location(self.artifact(path))
                    .replacements(replacements)
                    .build(),
            );
        }
        let description = format!("{} ({})", finding.codemod, fix.safety.name());
        Some(
            Fix::builder()
                .description(said(description))
                .artifact_changes(changes)
                .build(),
        )
    }

    fn location(&self, path: &Path, region: Option<Region>, message: Option<&str>) -> Location {
        let mut physical = PhysicalLocation::builder()
            .artifact_location(self.artifact(path))
            .build();
        physical.region = region;
        let mut location = Location::builder().physical_location(physical).build();
        location.message = message.map(said);
        location
    }

    fn artifact(&self, path: &Path) -> ArtifactLocation {
        ArtifactLocation::builder()
            .uri(uri(&relative(path, self.base)))
            .uri_base_id("%SRCROOT%")
            .build()
    }
}

/// One for each codemod, and one for the comments that allow findings.
fn rules() -> Vec<ReportingDescriptor> {
    let codemods = CATALOGUE.iter().map(|codemod| {
        let manual = codemod.manual();
        let title = manual.split("\n\n").next().unwrap_or_default();
        rule(codemod.name, codemod.summary, title, &manual)
    });
    let summary = "a comment that allows a finding, and does not";
    let help = "`// unpark: allow(NAME) reason` allows one finding of the codemod NAME on its line, \
                or on the next one. The reason is required, and a comment that allows nothing is \
                to go.";
    codemods
        .chain([rule(suppress::NAME, summary, summary, help)])
        .collect()
}

fn rule(name: &str, summary: &str, title: &str, help: &str) -> ReportingDescriptor {
    let text = |text: &str| MultiformatMessageString::builder().text(text).build();
    let bag =
        json!({ "tags": ["async", "rust"], "precision": "high", "problem.severity": "warning" });
    ReportingDescriptor::builder()
        .id(name)
        .name(name)
        .short_description(text(summary))
        .full_description(text(&title.replace('\n', " ")))
        .help(
            MultiformatMessageString::builder()
                .text(help)
                .markdown(help)
                .build(),
        )
        .properties(bag_of(bag))
        .build()
}

/// What SARIF has no word for.
fn properties(finding: &Finding) -> PropertyBag {
    let mut bag = json!({ "state": finding.state.name(), "safety": finding.safety.name() });
    if let Some(refusal) = &finding.refusal {
        bag["refusal"] = refusal.kind.code().into();
    }
    if !finding.effects.is_empty() {
        bag["runtimeEffects"] = finding.effects.iter().map(|it| it.name()).collect();
    }
    bag_of(bag)
}

fn bag_of(value: Value) -> PropertyBag {
    serde_json::from_value(value).expect("it is an object")
}

fn suppressions(finding: &Finding) -> Vec<Suppression> {
    if finding.state != State::Suppressed {
        return Vec::new();
    }
    let mut suppression = Suppression::builder()
        .kind("inSource")
        .status("accepted")
        .build();
    suppression.justification.clone_from(&finding.help);
    vec![suppression]
}

fn flow(steps: impl Iterator<Item = Location>) -> CodeFlow {
    let steps = steps.map(|location| ThreadFlowLocation::builder().location(location).build());
    let flow = ThreadFlow::builder().locations(steps.collect::<Vec<_>>());
    CodeFlow::builder().thread_flows(vec![flow.build()]).build()
}

fn region(start: Position, end: Position) -> Region {
    Region::builder()
        .start_line(number(start.line))
        .start_column(number(start.column))
        .end_line(number(end.line))
        .end_column(number(end.column))
        .byte_offset(number(start.byte))
        .byte_length(number(end.byte - start.byte))
        .build()
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn said(text: impl Into<String>) -> Message {
    Message::builder().text(text).build()
}
