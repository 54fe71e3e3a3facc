//! What a person may say: the configuration, and the comments in their code.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use unpark::{
    config::{Config, LISTS, Level, SCHEMA},
    options::Options,
    outcome::{Finding, Outcome, State},
    report::{self, Palette},
    suppress,
};
use unpark_codemods::{
    CATALOGUE,
    codemod::Safety,
    knowledge::{Shape, WrapperKind},
    settings::{Style, UnobservedTask},
};

use crate::support::{
    fixture::Case,
    folder::write,
    stage::{in_pool, stage},
};

fn loaded(file: &str, text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join(file), text.as_bytes());
    Config::load(folder.path()).map_err(|error| format!("{error:#}"))
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let error = loaded("unpark.toml", text).expect_err(text);
    for part in expected.iter().chain(&["unpark.toml"]) {
        assert!(error.contains(part), "{text}: {error} lacks {part}");
    }
}

#[test]
fn what_is_not_known_is_an_error_with_the_nearest_name() {
    refused(
        "codmod = 1",
        &["unknown key `codmod`", "did you mean `codemod`?"],
    );
    refused(
        "zzzzzz = 1",
        &[
            "unknown key `zzzzzz`",
            "known are blocking, cheap, cpu-bound, reads, wrapper, codemod",
        ],
    );
    refused(
        "[codemod.unobserved-tasks]",
        &[
            "unknown codemod `unobserved-tasks`",
            "did you mean `unobserved-task`?",
        ],
    );
    refused(
        "[codemod.unobserved-task]\nlevle = 'off'",
        &[
            "unknown key of [codemod.unobserved-task] `levle`",
            "did you mean `level`?",
        ],
    );
    refused(
        "[[wrapper]]\npath = 'a::b'\nkind = 'spawn'",
        &["wrapper", "kind"],
    );
    refused(
        "[[blocking]]\npath = 'a::b'\nequivalant = 'a::c'",
        &[
            "unknown key of [[blocking]] `equivalant`",
            "did you mean `equivalent`?",
        ],
    );
    refused(
        "[[cpu-bond]]\npath = 'a::b'",
        &["did you mean `cpu-bound`?"],
    );
    refused("[[cheap]]\npath = 'a::b'\nwhy = 'x'", &["cheap", "why"]);
}

#[test]
fn what_takes_the_place_of_a_function_goes_with_its_shape() {
    for text in [
        "[[blocking]]\npath = 'a::b'\nshape = 'drop-in'",
        "[[blocking]]\npath = 'a::b'\nequivalent = 'a::c'",
        "[[blocking]]\npath = 'a::b'\nequivalent = 'a::c'\nshape = 'leave'",
    ] {
        refused(text, &["[[blocking]] of `a::b`", "`equivalent` goes with"]);
    }
    refused(
        "[[blocking]]\npath = 'a::b'\nshape = 'dropin'",
        &["blocking", "dropin"],
    );
    let text = "[[blocking]]\npath = 'a::b'\nequivalent = 'a::c'\nshape = 'renamed'";
    let config = loaded("unpark.toml", text).expect("it is valid");
    let knowledge = config.knowledge();
    let row = knowledge.equivalents.iter().find(|row| row.of == "a::b");
    let row = row.expect("the user's row");
    assert_eq!((row.path.as_str(), row.shape), ("a::c", Shape::Renamed));
}

#[test]
fn a_wrong_value_is_an_error_that_names_its_place() {
    refused(
        "[codemod.unobserved-task]\nlevel = 'on'",
        &["codemod.unobserved-task.level", "on"],
    );
    refused(
        "[codemod.unobserved-task]\nstyle = 'inlin'",
        &["codemod.unobserved-task", "inlin"],
    );
    refused(
        "[codemod.unobserved-task]\nspan = 'yes'",
        &["codemod.unobserved-task"],
    );
    refused("codemod = 1", &["codemod"]);
    refused(
        "codemod.unobserved-task = 'off'",
        &["codemod.unobserved-task"],
    );
    refused(
        "[[wrapper]]\npath = 'a::b'\nis = 'spwan'",
        &["wrapper", "spwan"],
    );
    refused("[[wrapper]]\nis = 'spawn'", &["wrapper", "path"]);
    refused("level = ", &["does not parse"]);
}

#[test]
fn no_configuration_is_the_default_one() {
    let config = loaded("Cargo.toml", "[package]\nname = 'a'\n").expect("it is valid");
    assert_eq!(config.path, None);
    assert_eq!(config.level("unobserved-task"), Level::Fix);
    assert_eq!(config.unobserved_task, UnobservedTask::default());
    // It is cargo that complains about a manifest.
    assert!(loaded("Cargo.toml", "[package").is_ok());
}

#[test]
fn the_file_and_the_manifest_say_the_same() {
    let own = "[codemod.unobserved-task]\nlevel = 'report'\nstyle = 'helper'\nspan = true\n\
               panics = true\n[[wrapper]]\npath = 'a::b'\nis = 'spawn-blocking'\n";
    let in_manifest = |section: &str| {
        own.replace("[codemod", &format!("[{section}.metadata.unpark.codemod"))
            .replace("[[wrapper", &format!("[[{section}.metadata.unpark.wrapper"))
    };
    for (file, text) in [
        ("unpark.toml", own.to_owned()),
        ("Cargo.toml", in_manifest("workspace")),
        ("Cargo.toml", in_manifest("package")),
    ] {
        let config = loaded(file, &text).expect("it is valid");
        assert!(config.path.is_some_and(|path| path.ends_with(file)));
        assert_eq!(
            config.levels.get("unobserved-task"),
            Some(&Level::Report),
            "{text}"
        );
        let options = UnobservedTask {
            style: Style::Helper,
            span: true,
            panics: true,
        };
        assert_eq!(config.unobserved_task, options, "{text}");
        assert_eq!(config.wrappers[0].path, "a::b");
        assert_eq!(config.wrappers[0].is, WrapperKind::SpawnBlocking);
    }
    let error = loaded("Cargo.toml", "[package.metadata.unpark]\ncodmod = 1").expect_err("unknown");
    assert!(error.contains("did you mean `codemod`?"), "{error}");
}

const START: &str = "\
async fn work() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn start() {
    tokio::spawn(work());
}
";

fn played(text: &str, config: &[&str]) -> Outcome {
    let mut case = Case::default();
    case.before.insert("src/lib.rs".to_owned(), text.to_owned());
    case.options.config = config.iter().map(|&line| line.to_owned()).collect();
    case.options.unsafe_fixes = true;
    in_pool(2, || stage().play(&case, &case.before, &BTreeMap::new()))
}

#[test]
fn a_level_decides_what_becomes_of_a_finding() {
    let off = played(START, &["level = 'off'"]);
    assert_eq!((off.findings.len(), off.files.len()), (0, 0));

    let report = played(START, &["level = 'report'"]);
    assert_eq!(states(&report), [State::Manual]);
    assert_eq!((report.changes.len(), report.files.len()), (0, 0));
    assert_eq!(report.findings[0].safety, Safety::Manual);
    let help = report.findings[0].help.clone().unwrap_or_default();
    assert!(help.contains("level = \"fix\""), "{help}");

    let fix = played(START, &["level = 'fix'"]);
    assert_eq!(states(&fix), [State::Fixed]);
    assert_eq!(fix.files.len(), 1);
}

#[test]
fn a_style_decides_where_the_error_is_logged() {
    let after = |config: &[&str]| played(START, config).files[0].after.clone();
    let inline = after(&["style = 'inline'"]);
    assert!(!inline.contains("fn spawn_logged"), "{inline}");
    assert_eq!(inline, after(&[]), "inline is the default");
    let helper = after(&["style = 'helper'"]);
    assert_ne!(inline, helper);
    assert!(helper.contains("spawn_logged"), "{helper}");
}

#[test]
fn a_spawn_of_the_users_own_is_found() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| write(&folder.path().join(name), text.as_bytes());
    file(
        "Cargo.toml",
        "[package]\nname = \"own\"\nedition = \"2024\"\n[workspace]\n",
    );
    file(
        "src/lib.rs",
        "pub mod background;\n\
         async fn work() -> Result<(), std::io::Error> { std::future::ready(Ok(())).await }\n\
         pub fn start() {\n    background::launch(work());\n    background::other(work());\n}\n",
    );
    file(
        "src/background.rs",
        "pub fn launch<F: Future + Send + 'static>(_: F) {}\n\
         pub fn other<F: Future + Send + 'static>(_: F) {}\n",
    );
    assert_eq!(run(folder.path()).findings.len(), 0, "nobody knows it yet");
    file(
        "unpark.toml",
        "[[wrapper]]\npath = \"own::background::launch\"\nis = \"spawn\"\n",
    );
    let outcome = run(folder.path());
    let lines: Vec<usize> = outcome.findings.iter().map(|it| it.start.line).collect();
    assert_eq!(lines, [4]);
    assert_eq!(states(&outcome), [State::Fixed]);
}

fn run(folder: &Path) -> Outcome {
    let options = Options {
        paths: vec![folder.to_owned()],
        jobs: 2,
        ..Options::default()
    };
    unpark::run(&options).expect("the project is read")
}

fn states(outcome: &Outcome) -> Vec<State> {
    outcome
        .findings
        .iter()
        .map(|finding| finding.state)
        .collect()
}

/// The code with a comment above, or behind, the line that spawns.
fn commented(above: &[&str], behind: &str) -> String {
    let above: String = above.iter().map(|line| format!("    {line}\n")).collect();
    START.replace(
        "    tokio::spawn(work());\n",
        &format!("{above}    tokio::spawn(work());{behind}\n"),
    )
}

const ALLOW: &str = "// unpark: allow(unobserved-task) it is only a warm-up";

fn about(outcome: &Outcome, name: &str) -> Vec<Finding> {
    let named = outcome.findings.iter().filter(|it| it.codemod == name);
    named.cloned().collect()
}

#[track_caller]
fn suppresses(text: &str) {
    let outcome = played(text, &[]);
    assert_eq!(states(&outcome), [State::Suppressed], "{text}");
    assert_eq!(outcome.files.len(), 0, "{text}");
    let help = outcome.findings[0].help.clone().unwrap_or_default();
    assert_eq!(help, "allowed: it is only a warm-up");
}

#[test]
fn a_comment_allows_a_finding() {
    suppresses(&commented(&[ALLOW], ""));
    suppresses(&commented(&[], &format!(" {ALLOW}")));
    suppresses(&commented(
        &[ALLOW, "// Another comment.", "// And one more."],
        "",
    ));
    suppresses(&commented(
        &["// unpark:allow( unobserved-task )  it is only a warm-up"],
        "",
    ));
    let crlf = commented(&[ALLOW, "// Another comment."], "").replace('\n', "\r\n");
    suppresses(&crlf);
    suppresses(&commented(&[], &format!(" {ALLOW}")).replace('\n', "\r\n"));
}

/// The finding stays, and the comment is one of its own.
#[track_caller]
fn does_not_suppress(text: &str, message: &str, help: &str) {
    let outcome = played(text, &[]);
    let tasks = about(&outcome, "unobserved-task");
    assert_eq!(tasks.len(), 1, "{text}");
    assert_eq!(tasks[0].state, State::Fixed, "{text}");
    let comments = about(&outcome, suppress::NAME);
    assert_eq!(comments.len(), 1, "{text}");
    assert_eq!(comments[0].state, State::Manual);
    assert_eq!(comments[0].message, message);
    let said = comments[0].help.clone().unwrap_or_default();
    assert!(said.contains(help), "{said}");
    let line = text.lines().nth(comments[0].start.line - 1);
    assert!(line.is_some_and(|line| line.contains("unpark:")), "{text}");
}

#[test]
fn a_comment_without_a_reason_does_not_count() {
    does_not_suppress(
        &commented(&["// unpark: allow(unobserved-task)"], ""),
        "allow(unobserved-task) has no reason, and does not count without one",
        "say why",
    );
}

#[test]
fn a_comment_about_nobody_is_named() {
    does_not_suppress(
        &commented(&["// unpark: allow(unobserved-tsk) a typo"], ""),
        "no codemod is called `unobserved-tsk`",
        "did you mean `unobserved-task`?",
    );
}

#[test]
fn a_comment_that_allows_nothing_is_named() {
    let unused = "allow(unobserved-task) allows nothing here";
    // A statement further up, and below.
    does_not_suppress(
        &commented(&[ALLOW, "let _ = 1;"], ""),
        unused,
        "remove the comment",
    );
    let below = START.replace("}\n\npub", &format!("}}\n\n{ALLOW}\npub"));
    does_not_suppress(&below, unused, "remove the comment");
    // Code that is fine needs none.
    let fine = START.replace("tokio::spawn(work());", &format!("let _ = 1; {ALLOW}"));
    assert_eq!(about(&played(&fine, &[]), suppress::NAME).len(), 1);
}

/// A string or a document that shows such a comment is none.
#[test]
fn only_comments_are_comments() {
    let text = format!("pub const HOW: &str = \"{ALLOW}\";\n{START}");
    let outcome = played(&text, &[]);
    assert_eq!(states(&outcome), [State::Fixed]);
}

#[test]
fn a_comment_is_the_same_one_after_lines_have_moved() {
    let ids = |text: &str| -> Vec<String> {
        let outcome = played(text, &[]);
        let comments = about(&outcome, suppress::NAME);
        comments.into_iter().map(|comment| comment.id).collect()
    };
    let text = commented(&[ALLOW, "let _ = 1;", ALLOW, "let _ = 2;"], "");
    let before = ids(&text);
    assert_eq!(before.len(), 2);
    assert_ne!(before[0], before[1]);
    assert_eq!(before, ids(&format!("//! Moved.\n\n{text}")));
}

#[test]
fn what_is_printed_is_the_configuration_that_holds() {
    let own = "[codemod.unobserved-task]\nlevel = 'report'\nstyle = 'helper'\n\n\
               [[wrapper]]\npath = 'a::b'\nis = 'spawn-blocking'\n\n\
               [[cheap]]\npath = 'a::\"c'\n";
    for text in [own, ""] {
        let config = loaded("unpark.toml", text).expect(text);
        let mut out = Vec::new();
        let options = Options::default();
        report::config::write(&config, &options, Palette::default(), &mut out).expect(text);
        let printed = String::from_utf8(out).expect("it is text");
        let again = loaded("unpark.toml", &printed).expect(&printed);
        for codemod in CATALOGUE {
            assert_eq!(again.level(codemod.name), config.level(codemod.name));
        }
        assert_eq!(again.unobserved_task, config.unobserved_task);
        assert_eq!(again.blocking_in_async, config.blocking_in_async);
        assert_eq!(again.wrappers, config.wrappers);
        assert_eq!(again.cheap, config.cheap);
    }
}

/// Every key that anything has, with every value that anything takes, everywhere: the schema takes
/// what is read, and nothing else.
#[test]
fn the_schema_agrees_with_what_is_read() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let mut words = BTreeSet::from(["nothing-known".to_owned()]);
    collect_words(&schema, &mut words);
    let keys: Vec<&String> = words.iter().collect();
    let values = words.iter().map(|word| format!("\"{word}\""));
    let values: Vec<String> = values.chain(["true".to_owned(), "1".to_owned()]).collect();
    let mut texts = Vec::new();
    for key in &keys {
        texts.push(format!("[{key}]\n"));
        texts.push(format!("[[{key}]]\npath = \"a::b\"\n"));
        for codemod in CATALOGUE {
            let head = format!("[codemod.{}]\n{key} = ", codemod.name);
            texts.extend(values.iter().map(|value| format!("{head}{value}\n")));
        }
        for list in LISTS {
            let head = format!("[[{}]]\npath = \"a::b\"\n", list.name);
            for value in values.iter().filter(|_| *key != "path") {
                texts.push(format!("{head}{key} = {value}\n"));
                let both = format!("{head}equivalent = \"a::c\"\n{key} = {value}\n");
                texts.extend((*key != "equivalent").then_some(both));
            }
        }
    }
    texts.push("[[wrapper]]\nis = \"spawn\"\n".to_owned());
    let mut taken = 0;
    for text in texts {
        let json: Value = toml::from_str(&text).expect(&text);
        let read = Config::read(&text);
        assert_eq!(validator.is_valid(&json), read.is_ok(), "{text}: {read:?}");
        taken += usize::from(read.is_ok());
    }
    assert!(taken > 50, "{taken}");
}

/// Every name of a property, and every word that a value may be.
fn collect_words(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            let names = map.get("properties").and_then(Value::as_object);
            words.extend(names.into_iter().flatten().map(|(name, _)| name.clone()));
            let values = map.get("enum").and_then(Value::as_array);
            let values = values.into_iter().flatten().filter_map(Value::as_str);
            words.extend(values.map(str::to_owned));
            map.values().for_each(|value| collect_words(value, words));
        }
        Value::Array(all) => all.iter().for_each(|value| collect_words(value, words)),
        _ => {}
    }
}
