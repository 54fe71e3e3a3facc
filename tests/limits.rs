//! What takes too long or too much memory is named, and left alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
    thread,
    time::Duration,
};

use bytesize::ByteSize;
use ra_ap_ide_db::FileId;
use rstest::rstest;
use salsa::Database as _;
use unpark::{
    options::Options,
    outcome::{Outcome, State},
    watchdog::Watchdog,
};
use unpark_codemods::{
    CATALOGUE, Codemod,
    codemod::{Pass, Safety},
    refusal::RefusalKind,
};

use crate::support::{
    fixture::Case,
    project::Project,
    stage::{Stage, in_pool, stage},
};

const TASK: &str = "async fn work() -> Result<(), std::io::Error> {\n    Ok(())\n}\n\n\
                    pub fn start() {\n    tokio::spawn(work());\n}\n";

/// Inference takes seconds for it.
fn slow() -> String {
    let tries = format!(
        "    let a: Option<u8> = None;\n    let _ = a{};\n",
        "?".repeat(240)
    );
    TASK.replace("    tokio", &format!("{tries}    tokio"))
}

fn play(stage: &mut Stage, text: &str, options: Options) -> Outcome {
    let files = BTreeMap::from([("src/lib.rs".to_owned(), text.to_owned())]);
    stage.options = options;
    let outcome = in_pool(1, || stage.play(&Case::default(), &files, &BTreeMap::new()));
    stage.options = Options::default();
    outcome
}

#[track_caller]
fn is_left_alone(outcome: &Outcome, reason: &str) {
    assert_eq!(outcome.defects, []);
    assert!(outcome.files.is_empty() && outcome.changes.is_empty());
    let reasons: Vec<&str> = outcome.skipped.iter().map(|it| &*it.reason).collect();
    assert_eq!(reasons, [reason]);
    assert_eq!(outcome.findings.len(), 1);
    let finding = &outcome.findings[0];
    let refusal = finding.refusal.as_ref().expect("it is refused");
    assert_eq!(
        (finding.state, refusal.kind),
        (State::Refused, RefusalKind::R7)
    );
    assert_eq!(refusal.message, reason);
}

#[test]
fn a_look_that_takes_too_long_is_ended_and_the_next_is_not() {
    let mut stage = stage();
    stage.selection = vec![unobserved_task()];
    let short = Options {
        max_time: Some(Duration::from_millis(1)),
        ..Options::default()
    };
    let late = play(&mut stage, &slow(), short);
    stage.selection = CATALOGUE.iter().collect();
    let reason = "unobserved-task took longer than 0.001 s for it, and was stopped";
    is_left_alone(&late, reason);
    for text in [TASK, &*slow()] {
        let outcome = play(&mut stage, text, Options::default());
        assert_eq!(outcome.skipped, []);
        assert_eq!(outcome.count(State::Fixed), 1);
    }
}

fn unobserved_task() -> &'static Codemod {
    let mut catalogue = CATALOGUE.iter();
    let found = catalogue.find(|codemod| codemod.name == "unobserved-task");
    found.expect("it is in the catalogue")
}

/// It asks the database as a codemod does, and never comes to an end.
static ENDLESS: Codemod = Codemod {
    name: "endless",
    summary: "",
    title: None,
    docs: "",
    safety: Safety::Manual,
    opt_in: false,
    triggers: |_| Vec::new(),
    tokens: |tokens| tokens.name_an_api(),
    candidates: |outline, knowledge| (unobserved_task().candidates)(outline, knowledge),
    pass: Pass::File(|ctx, _| {
        loop {
            ctx.db.unwind_if_revision_cancelled();
        }
    }),
};

#[test]
fn a_codemod_that_never_ends_is_ended() {
    let mut stage = stage();
    stage.selection = vec![&ENDLESS];
    let short = Options {
        max_time: Some(Duration::from_millis(20)),
        ..Options::default()
    };
    let late = play(&mut stage, TASK, short);
    stage.selection = CATALOGUE.iter().collect();
    let reason = "endless took longer than 0.02 s for it, and was stopped";
    is_left_alone(&late, reason);
    let next = play(&mut stage, TASK, Options::default());
    assert_eq!((next.skipped.len(), next.count(State::Fixed)), (0, 1));
}

/// The program ends itself then.
#[test]
fn a_look_that_can_not_be_ended_is_given_up() {
    let mut stage = stage();
    let file = FileId::from_raw(7);
    let given_up = OnceLock::new();
    let give_up = |id| {
        given_up.get_or_init(|| id);
    };
    let limit = Duration::from_millis(5);
    let (looked, late) = Watchdog::over(&mut stage.workspace, limit, &give_up, |_, watchdog| {
        watchdog.look(file, || {
            while given_up.get().is_none() {
                thread::yield_now();
            }
        })
    });
    assert!(looked.is_ok());
    assert_eq!(late, BTreeSet::from([file]));
    assert_eq!(given_up.get(), Some(&file));
}

/// The codemod that looks at the whole workspace starts again, without the file.
#[test]
fn a_look_of_many_that_takes_too_long_is_ended_too() {
    let chain = |text: &str| {
        text.replace(
            "    tokio::spawn(work());",
            "    pollster::block_on(work()).ok();\n}\n\npub async fn serve() {\n    start();",
        )
    };
    let mut stage = stage();
    // The first look at a stage takes its time with every file.
    play(&mut stage, &chain(TASK), Options::default());
    let chain = chain(&slow());
    let short = Options {
        max_time: Some(Duration::from_millis(50)),
        ..Options::default()
    };
    let late = play(&mut stage, &chain, short);
    let reason = "block-on-in-async took longer than 0.05 s for it, and was stopped";
    is_left_alone(&late, reason);
    let unsafe_fixes = Options {
        unsafe_fixes: Some(true),
        ..Options::default()
    };
    let outcome = play(&mut stage, &chain, unsafe_fixes);
    assert_eq!(outcome.skipped, []);
    assert_eq!(outcome.count(State::Fixed), 1);
}

#[test]
fn files_are_not_looked_at_when_memory_is_full() {
    let small = Options {
        max_memory: Some(ByteSize::kib(1)),
        ..Options::default()
    };
    let mut stage = stage();
    // Others look at further files, each of which is named.
    stage.selection = vec![unobserved_task()];
    let full = play(&mut stage, TASK, small);
    stage.selection = CATALOGUE.iter().collect();
    let reason = "more than 1.0 KiB of memory is in use, the limit of `--max-memory`";
    is_left_alone(&full, reason);
}

/// Full before the load, after it, and while names are read.
#[rstest]
fn a_workspace_that_does_not_fit_is_refused(#[values("1K", "100MB", "300MB")] max: &str) {
    let project = Project::new(&[("src/lib.rs", TASK)]);
    let ran = project.unpark(&["--max-memory", max, "--message-format=json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.json();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["refusal"]["kind"], "R7");
    assert_eq!(lines[1]["findings"]["refused"], 1);
}
