//! What a person may say: the configuration, and the comments in their code.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use unpark::{
    config::{Config, LISTS, Level, Rules, SCHEMA},
    options::Options,
    outcome::{Finding, Outcome, State},
    report::{self, Palette},
    suppress,
};
use unpark_codemods::{
    CATALOGUE,
    codemod::Safety,
    knowledge::{Shape, WrapperKind},
    settings::{Fs, Style, UnobservedTask},
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
            "known are exclude, only, override, codemod, skip, unsafe-fixes, blocking, cheap, cpu-bound, \
             observed, reads, wrapper",
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
    refused("onyl = []", &["did you mean `only`?"]);
    refused(
        "[[override]]\npath = ['a.rs']",
        &[
            "unknown key of [[override]] `path`",
            "did you mean `paths`?",
        ],
    );
    for key in ["only", "skip"] {
        refused(
            &format!("{key} = ['unobserved-tasks']"),
            &[
                &format!("`{key}`: no codemod is called `unobserved-tasks`"),
                "did you mean `unobserved-task`?",
            ],
        );
    }
}

#[test]
fn what_is_no_matter_of_some_files_is_an_error() {
    for (key, why) in [
        (
            "only = ['unobserved-task']",
            "`skip` leaves codemods out here",
        ),
        ("exclude = ['a.rs']", "files are excluded for the whole run"),
        (
            "[[override.cheap]]\npath = 'a::b'",
            "a function is the same for every file",
        ),
        (
            "[[override.override]]\npaths = ['a']",
            "its paths are those of one row",
        ),
    ] {
        let text = format!("[[override]]\npaths = ['src/']\n{key}");
        refused(&text, &["can't stand in [[override]]", why]);
    }
    refused("[[override]]\nskip = []", &["[[override]] needs `paths`"]);
    refused("[[override]]\npaths = []", &["`paths` names no file"]);
    refused("[[override]]\npaths = ['{a']", &["`paths`: `{a`"]);
    refused(
        "[override]\npaths = ['a']",
        &["has to be written as [[override]]"],
    );
    refused(
        "[[override]]\npaths = ['a']\n[override.codemod.unobserved-task]\nlevel = 'of'",
        &["codemod.unobserved-task.level", "of"],
    );
}

/// The codemods that are off in a file, of three that matter.
fn off_in(config: &Config, options: &Options, path: &str) -> Vec<&'static str> {
    let rules = Rules::new(config, options);
    let rule = rules.of(&config.folder().join(path));
    let names = ["fake-async", "sequential-awaits", "unobserved-task"];
    names
        .into_iter()
        .filter(|name| rule.off.contains(name))
        .collect()
}

#[test]
fn what_was_typed_counts_more_than_what_is_written() {
    let typed = |only: &[&str], skip: &[&str]| Options {
        only: only.iter().map(|&name| name.to_owned()).collect(),
        skip: skip.iter().map(|&name| name.to_owned()).collect(),
        ..Options::default()
    };
    let (tasks, asyncs, rows) = ("unobserved-task", "fake-async", "sequential-awaits");
    for (text, options, off) in [
        ("", typed(&[], &[]), &[rows][..]),
        (
            "only = ['sequential-awaits']",
            typed(&[], &[]),
            &[asyncs, tasks],
        ),
        (
            "only = ['fake-async']",
            typed(&[tasks], &[]),
            &[asyncs, rows],
        ),
        (
            "skip = ['fake-async']",
            typed(&[], &[tasks]),
            &[asyncs, rows, tasks],
        ),
        (
            "skip = ['fake-async']",
            typed(&[asyncs], &[]),
            &[rows, tasks],
        ),
        (
            "codemod.fake-async.level = 'off'",
            typed(&[asyncs], &[]),
            &[rows, tasks],
        ),
        (
            "only = ['fake-async']\nskip = ['fake-async']",
            typed(&[], &[]),
            &[asyncs, rows, tasks],
        ),
    ] {
        let config = loaded("unpark.toml", text).expect(text);
        assert_eq!(
            off_in(&config, &options, "src/a.rs"),
            off,
            "{text} {options:?}"
        );
    }
}

#[test]
fn what_is_written_for_a_file_counts_for_it_alone() {
    let text = "\
skip = ['unobserved-task']
unsafe-fixes = true
codemod.blocking-in-async.fs = 'keep'
codemod.unobserved-task.span = true

[[override]]
paths = ['src/*.rs', '!src/main.rs']
skip = ['fake-async']
unsafe-fixes = false
codemod.unobserved-task = { level = 'report', style = 'helper' }

[[override]]
paths = ['src/b.rs']
unsafe-fixes = true
codemod = { fake-async.level = 'fix', blocking-in-async.fs = 'tokio' }
";
    let config = loaded("unpark.toml", text).expect("it is valid");
    let options = Options::default();
    let rules = Rules::new(&config, &options);
    let rule = |path: &str| rules.of(&config.folder().join(path));
    for path in ["src/main.rs", "src/a/b.rs", "../src/a.rs"] {
        let rule = rule(path);
        assert!(rule.off.contains("unobserved-task") && !rule.off.contains("fake-async"));
        assert_eq!(
            (rule.least, rule.settings.blocking_in_async.fs),
            (Safety::Unsafe, Fs::Keep)
        );
    }
    let a = rule("src/a.rs");
    assert!(a.off.contains("fake-async") && !a.off.contains("unobserved-task"));
    assert!(a.report_only.contains("unobserved-task"));
    assert_eq!(
        (a.least, a.settings.blocking_in_async.fs),
        (Safety::Safe, Fs::Keep)
    );
    let task = a.settings.unobserved_task;
    assert_eq!((task.style, task.span), (Style::Helper, true));
    let b = rule("src/b.rs");
    assert!(!b.off.contains("fake-async"));
    assert_eq!(
        (b.least, b.settings.blocking_in_async.fs),
        (Safety::Unsafe, Fs::Tokio)
    );

    // A flag is for the whole run; but what is off in a file stays off there.
    let options = Options {
        only: vec!["fake-async".to_owned()],
        unsafe_fixes: Some(true),
        fs: Some(Fs::Offload),
        ..Options::default()
    };
    assert_eq!(off_in(&config, &options, "src/a.rs").len(), 3);
    assert!(!off_in(&config, &options, "src/main.rs").contains(&"fake-async"));
    let rules = Rules::new(&config, &options);
    let a = rules.of(&config.folder().join("src/a.rs"));
    assert_eq!(
        (a.least, a.settings.blocking_in_async.fs),
        (Safety::Unsafe, Fs::Offload)
    );
    let options = Options {
        unsafe_fixes: Some(false),
        ..Options::default()
    };
    let rules = Rules::new(&config, &options);
    for path in ["src/main.rs", "src/b.rs"] {
        let rule = rules.of(&config.folder().join(path));
        assert_eq!(rule.least, Safety::Safe);
    }
}

#[test]
fn files_are_excluded_by_globs() {
    let config = loaded("unpark.toml", "exclude = ['gen/', '*_pb.rs', '!my_pb.rs']").unwrap();
    let excludes = |path: &str| config.excludes(&config.folder().join(path));
    assert!(excludes("src/gen/a.rs") && excludes("src/it_pb.rs"));
    assert!(!excludes("src/my_pb.rs") && !excludes("src/gen.rs"));
    assert!(!config.excludes(Path::new("/elsewhere/gen/a.rs")));
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
    assert_eq!(config.codemods.level("unobserved-task"), Level::Fix);
    assert_eq!(config.codemods.unobserved_task, UnobservedTask::default());
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
            config.codemods.levels.get("unobserved-task"),
            Some(&Level::Report),
            "{text}"
        );
        let options = UnobservedTask {
            style: Style::Helper,
            span: true,
            panics: true,
        };
        assert_eq!(config.codemods.unobserved_task, options, "{text}");
        assert_eq!(config.functions.wrappers[0].path, "a::b");
        assert_eq!(config.functions.wrappers[0].is, WrapperKind::SpawnBlocking);
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

/// The finding stays, and the comment is one of its own: for a person, or one that goes.
#[track_caller]
fn does_not_suppress(text: &str, message: &str, help: Option<&str>) {
    let outcome = played(text, &[]);
    let tasks = about(&outcome, "unobserved-task");
    assert_eq!(tasks.len(), 1, "{text}");
    assert_eq!(tasks[0].state, State::Fixed, "{text}");
    let comments = about(&outcome, suppress::NAME);
    assert_eq!(comments.len(), 1, "{text}");
    let after = &outcome.files[0].after;
    let comment = text.lines().find(|line| line.contains("unpark:"));
    match help {
        Some(help) => {
            assert_eq!(comments[0].state, State::Manual);
            let said = comments[0].help.clone().unwrap_or_default();
            assert!(said.contains(help), "{said}");
            assert!(after.contains(comment.unwrap_or_default()), "{after}");
        }
        None => {
            assert_eq!(
                (comments[0].state, comments[0].safety),
                (State::Fixed, Safety::Safe)
            );
            assert!(!after.contains("unpark:"), "{after}");
        }
    }
    assert_eq!(comments[0].message, message);
    let line = text.lines().nth(comments[0].start.line - 1);
    assert!(line.is_some_and(|line| line.contains("unpark:")), "{text}");
}

#[test]
fn a_comment_without_a_reason_does_not_count() {
    does_not_suppress(
        &commented(&["// unpark: allow(unobserved-task)"], ""),
        "allow(unobserved-task) has no reason, and does not count without one",
        Some("say why"),
    );
}

#[test]
fn a_comment_about_nobody_is_named() {
    does_not_suppress(
        &commented(&["// unpark: allow(unobserved-tsk) a typo"], ""),
        "no codemod is called `unobserved-tsk`",
        Some("did you mean `unobserved-task`?"),
    );
}

#[test]
fn a_comment_that_allows_nothing_is_named() {
    let unused = "allow(unobserved-task) allows nothing here";
    // A statement further up, and below.
    does_not_suppress(&commented(&[ALLOW, "let _ = 1;"], ""), unused, None);
    let below = START.replace("}\n\npub", &format!("}}\n\n{ALLOW}\npub"));
    does_not_suppress(&below, unused, None);
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
    let own = "unsafe-fixes = true\nexclude = ['gen/']\nskip = ['fake-async']\n\
               [codemod.unobserved-task]\nlevel = 'report'\nstyle = 'helper'\n\n\
               [[override]]\npaths = ['a.rs', 'b/']\nunsafe-fixes = false\n\
               [override.codemod.blocking-in-async]\nlevel = 'off'\nfs = 'keep'\n\n\
               [[wrapper]]\npath = 'a::b'\nis = 'spawn-blocking'\n\n\
               [[cheap]]\npath = 'a::\"c'\n";
    for text in [own, ""] {
        let config = loaded("unpark.toml", text).expect(text);
        let mut out = Vec::new();
        let options = Options::default();
        report::config::write(&config, &options, Palette::default(), &mut out).expect(text);
        let printed = String::from_utf8(out).expect("it is text");
        let again = loaded("unpark.toml", &printed).expect(&printed);
        for path in ["a.rs", "c.rs"] {
            let in_file = |config: &Config| {
                let rules = Rules::new(config, &options);
                format!("{:?}", rules.of(&config.folder().join(path)))
            };
            assert_eq!(in_file(&again), in_file(&config), "{printed}");
        }
        assert_eq!(
            format!("{:?}", again.functions),
            format!("{:?}", config.functions)
        );
        assert_eq!(
            (&again.only, &again.scope.skip),
            (&config.only, &config.scope.skip)
        );
        let excludes = |config: &Config| config.excludes(&config.folder().join("gen/a.rs"));
        assert_eq!(excludes(&again), excludes(&config));
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
    let others = ["true", "1", "\" #a\"", "\" \""].map(str::to_owned);
    let values: Vec<String> = values.chain(others).collect();
    let mut texts = Vec::new();
    for key in &keys {
        texts.push(format!("[{key}]\n"));
        texts.push(format!("[[{key}]]\npath = \"a::b\"\n"));
        let files = "[[override]]\npaths = [\"a\"]\n";
        texts.push(format!("[[override]]\n{key} = [\"a\"]\n"));
        let list = format!("{files}[[override.{key}]]\npath = \"a::b\"\n");
        texts.extend((*key != "paths").then_some(list));
        for value in &values {
            for value in [value, &format!("[{value}]")] {
                texts.push(format!("{key} = {value}\n"));
                texts.extend((*key != "paths").then(|| format!("{files}{key} = {value}\n")));
            }
        }
        for codemod in CATALOGUE {
            let own = format!("codemod.{}]\n{key} = ", codemod.name);
            for head in [format!("[{own}"), format!("{files}[override.{own}")] {
                texts.extend(values.iter().map(|value| format!("{head}{value}\n")));
            }
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
