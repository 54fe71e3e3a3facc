//! JUnit's XML, for whatever shows test results: a suite for each file, a case for each finding.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{notes, severity::Severity};
use crate::outcome::{Finding, Outcome, State};

/// Writes it. What is left alone with a reason, or allowed by a comment, is a case that was skipped; what is
/// in the baseline is none.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new(env!("CARGO_PKG_NAME"));
    let findings = outcome.findings.iter();
    let findings: Vec<&Finding> = findings.filter(|it| it.state != State::Baseline).collect();
    for findings in findings.chunk_by(|a, b| a.path == b.path) {
        let mut suite = TestSuite::new(outcome.shown(&findings[0].path));
        suite.add_test_cases(findings.iter().map(|it| of_finding(outcome, it)));
        report.add_test_suite(suite);
    }
    if !outcome.defects.is_empty() {
        let mut suite = TestSuite::new("defects of unpark");
        for defect in &outcome.defects {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(defect.message.as_str());
            let mut case = TestCase::new(defect.codemod, status);
            case.set_classname(outcome.shown(&defect.path));
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    if report.test_suites.is_empty() {
        // A report without a case is taken for one that went wrong.
        let mut suite = TestSuite::new(env!("CARGO_PKG_NAME"));
        suite.add_test_case(TestCase::new("nothing found", TestCaseStatus::success()));
        report.add_test_suite(suite);
    }
    report.serialize(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}

fn of_finding(outcome: &Outcome, finding: &Finding) -> TestCase {
    let mut status = match Severity::of(finding.state) {
        Severity::Error | Severity::Warning => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Severity::Note => TestCaseStatus::skipped(),
    };
    status
        .set_message(finding.message.as_str())
        .set_type(finding.state.name())
        .set_description(notes::text(outcome, finding));
    let (path, line) = (outcome.shown(&finding.path), finding.start.line);
    let name = format!("{} at line {line}", finding.codemod);
    let mut case = TestCase::new(name, status);
    case.set_classname(path.as_str());
    case.extra.insert("file".into(), path.into());
    case.extra.insert("line".into(), line.to_string().into());
    case
}
