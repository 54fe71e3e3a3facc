//! Every row of the tables that is written into code stands in a fixture that shows it at work.
//!
//! A row that is only reported (`other-type`, `pattern`) needs none. Nor does each function that is put into an
//! offload because nothing takes its place: what is written there is the row of the offload.

use unpark_codemods::knowledge::{BUILT_IN, BlockingCrate, Equivalent, Shape, Work, last_segment};

use crate::{fixtures, support::fixture::Case};

const BLOCKING: &str = "blocking-in-async";
const COMPUTING: &str = "cpu-bound-in-async";

/// The cases of one codemod.
fn cases_of(codemod: &str) -> Vec<Case> {
    let all = fixtures::all().into_iter();
    let own = all.filter(|(_, of, _)| of == codemod);
    own.flat_map(|(_, _, cases)| cases).collect()
}

/// Whether a case says that it mends a call of the function, and what it has written is of the row.
fn shows(case: &Case, row: &Equivalent) -> bool {
    let mended = format!("{BLOCKING}: fixed");
    let function = format!("`{}`", row.of);
    let written = match row.shape {
        Shape::DropIn | Shape::Followed => format!("{}(", row.path),
        Shape::Renamed => format!(".{}(", last_segment(&row.path)),
        Shape::Awaited => ".await".to_owned(),
        Shape::Builder => row.path.clone(),
        Shape::OtherType => return false,
    };
    let mut lines = case.findings.lines();
    lines.any(|line| line.contains(&mended) && line.contains(&function))
        && case.after.values().any(|text| text.contains(&written))
}

#[test]
fn every_equivalent_is_written_in_a_fixture() {
    let cases = cases_of(BLOCKING);
    let rows = BUILT_IN.equivalents.iter();
    let rows: Vec<&Equivalent> = rows.filter(|row| row.shape != Shape::OtherType).collect();
    assert!(rows.len() > 70, "only {} rows were found", rows.len());
    let missing: Vec<String> = rows
        .iter()
        .filter(|row| !cases.iter().any(|case| shows(case, row)))
        .map(|row| format!("{} -> {}", row.of, row.path))
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:#?}");
    // A row that nobody has shown yet is missed.
    let sleep = rows.iter().find(|row| row.path == "tokio::time::sleep");
    let sleep = (*sleep.expect("there is a sleep")).clone();
    let new = [
        Equivalent {
            of: "std::thread::park".to_owned(),
            ..sleep.clone()
        },
        Equivalent {
            path: "tokio::time::nap".to_owned(),
            ..sleep
        },
    ];
    for row in new {
        assert!(!cases.iter().any(|case| shows(case, &row)), "{row:?}");
    }
}

#[test]
fn every_offload_is_written_in_a_fixture() {
    let cases = cases_of(COMPUTING);
    let rows = &BUILT_IN.offloads;
    assert!(rows.len() > 5, "only {} rows were found", rows.len());
    let is_written = |path: &str| {
        let written = format!("{path}(move ||");
        let mut after = cases.iter().flat_map(|case| case.after.values());
        after.any(|text| text.contains(&written))
    };
    let missing: Vec<&str> = rows
        .iter()
        .map(|row| row.path.as_str())
        .filter(|path| !is_written(path))
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:#?}");
    assert!(!is_written("tokio::task::spawn_nothing"));
}

#[test]
fn every_heavy_row_is_offloaded_in_a_fixture() {
    let cases = cases_of(COMPUTING);
    let rows = BUILT_IN.blocking_crates.iter();
    let is_rewritten = |row: &&BlockingCrate| row.kind.work().is_some_and(|it| it != Work::Pattern);
    let rows: Vec<&BlockingCrate> = rows.filter(is_rewritten).collect();
    assert!(rows.len() > 20, "only {} rows were found", rows.len());
    let mended = format!("{COMPUTING}: fixed");
    let is_offloaded = |row: &BlockingCrate| {
        let calls = row.calls.iter();
        let calls: Vec<String> = calls.map(|it| format!("`{}::{it}`", row.path)).collect();
        let mut lines = cases.iter().flat_map(|case| case.findings.lines());
        lines.any(|line| line.contains(&mended) && calls.iter().any(|it| line.contains(it)))
    };
    let missing: Vec<&str> = rows
        .iter()
        .filter(|row| !is_offloaded(row))
        .map(|row| row.path.as_str())
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:#?}");
    let unknown = BlockingCrate {
        calls: vec!["nothing".to_owned()],
        ..rows[0].clone()
    };
    assert!(!is_offloaded(&unknown));
}
