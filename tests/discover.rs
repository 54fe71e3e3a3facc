//! Which files are looked at, which are left out, and that nothing in a file ends the process.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use unpark::{
    config::Config,
    discover::{self, Discovered},
    options::Options,
    outcome::State,
};
use unpark_codemods::{CATALOGUE, Codemod};

use crate::support::{folder::write, stage::in_pool};

/// A file with a candidate.
const SPAWNS: &str = "fn start() {\n    tokio::spawn(work());\n}\n";

fn at(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        write(&folder.path().join(name), text.as_bytes());
    }
    folder
}

fn walk(paths: &[PathBuf]) -> Discovered {
    let selection: Vec<&'static Codemod> = CATALOGUE.iter().collect();
    let knowledge = Config::default().knowledge();
    in_pool(2, || discover::discover(paths, &selection, &knowledge, 2)).expect("the paths exist")
}

fn below(folder: &TempDir) -> Discovered {
    walk(&[folder.path().to_owned()])
}

fn names(folder: &TempDir, found: &Discovered) -> Vec<String> {
    found
        .candidates
        .iter()
        .map(|file| name(folder.path(), &file.path))
        .collect()
}

fn name(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).expect("it is below");
    relative.to_string_lossy().into_owned()
}

/// The reason why the one file that was left out was left out.
#[track_caller]
fn reason(folder: &TempDir) -> String {
    let found = below(folder);
    assert_eq!(names(folder, &found), Vec::<String>::new());
    match &found.skipped[..] {
        [skipped] => skipped.reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ignored_and_hidden_files_are_left_out_in_silence() {
    let folder = at(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".gitignore", "/ignored.rs\n"),
        ("ignored.rs", SPAWNS),
        (".hidden.rs", SPAWNS),
        (".hidden/a.rs", SPAWNS),
        (".ignore", "also.rs\n"),
        ("src/also.rs", SPAWNS),
        ("src/seen.rs", SPAWNS),
        ("src/seen.txt", SPAWNS),
    ]);
    let found = below(&folder);
    assert_eq!(names(&folder, &found), ["src/seen.rs"]);
    assert_eq!(found.skipped, []);
    assert_eq!(found.files.len(), 1);
}

/// Without git there is no ignore file, and cargo marks what it builds into.
#[test]
fn a_target_folder_is_known_by_its_mark() {
    let folder = at(&[
        (
            "target/CACHEDIR.TAG",
            "Signature: 8a477f597d28d172789f06886806bc55",
        ),
        ("target/debug/build/out.rs", SPAWNS),
        ("src/target/mod.rs", SPAWNS),
    ]);
    assert_eq!(names(&folder, &below(&folder)), ["src/target/mod.rs"]);
}

#[test]
fn a_file_without_a_word_is_not_even_decoded() {
    for text in ["fn respawn() {}", "fn spawned() {}", "let my_spawn = 1;"] {
        let folder = at(&[("a.rs", text)]);
        fs::write(
            folder.path().join("b.rs"),
            [text.as_bytes(), b"\xff"].concat(),
        )
        .expect("a file is written");
        let found = below(&folder);
        assert_eq!(
            (found.candidates.len(), found.skipped.len()),
            (0, 0),
            "{text}"
        );
        assert_eq!(found.files.len(), 2);
    }
}

#[test]
fn a_word_without_a_call_is_no_candidate() {
    let folder = at(&[("a.rs", "/// Does not spawn.\nfn spawn() {}\n")]);
    let found = below(&folder);
    assert_eq!((found.candidates.len(), found.skipped.len()), (0, 0));
}

/// The places of each codemod in a text, as they stand there.
fn places(text: &str) -> Vec<(&'static str, String)> {
    let folder = at(&[("a.rs", text)]);
    let found = below(&folder);
    let files = found.candidates.iter();
    files
        .flat_map(|file| CATALOGUE.iter().zip(&file.candidates))
        // What nobody asked for is not looked for.
        .filter(|(codemod, _)| !codemod.opt_in)
        .flat_map(|(codemod, candidates)| candidates.iter().map(move |it| (codemod.name, it)))
        .map(|(name, it)| (name, text[it.range].to_owned()))
        .collect()
}

#[test]
fn async_code_is_only_a_candidate_where_a_future_may_be_lost() {
    let fine = [
        "async fn f() {}\n",
        "async fn f() { g(1).await; let _ = g(1).await; let _x = 1; }\n",
        "async fn f() { let _x = g(); h(_x).await; self.n.push(1); }\n",
        "async fn f() { let all: Vec<_> = all.map(|x| g(x)).collect(); h(all).await; }\n",
        "async fn f() { spawn_all(async { g().await; Ok(()) }).await; }\n",
        "fn f() { let _ = g(); drop(g()); }\n",
        "async fn f() { let _: u8 = g(); println!(\"{}\", drop(g())); h().await; }\n",
    ];
    for text in fine {
        assert_eq!(places(text), [], "{text}");
    }
    let lost = [
        ("async fn f() { let _ = g(1); }", "g(1)"),
        ("async fn f() { let _later = Some(g(1)); }", "g(1)"),
        ("async fn f() { _ = self.g(1); }", "self.g(1)"),
        ("async fn f() { drop(g(1)); }", "g(1)"),
        ("async fn f() { name.map(|it| g(it)); }", "g(it)"),
        ("async fn f() { name.map(g).ok(); }", "g"),
        (
            "async fn f() { std::thread::spawn(|| async {}); }",
            "async {}",
        ),
        ("async fn g() {} fn f() { if true { g(); } }", "g()"),
    ];
    for (text, place) in lost {
        let found = places(text);
        let wanted = ("unpolled-future", place.to_owned());
        assert!(found.contains(&wanted), "{text}: {found:?}");
    }
    let nested = "fn f() { run(async move { println!(); g(1) }); }";
    assert_eq!(places(nested), [("nested-future", "g(1)".to_owned())]);
    let of = |codemod| (codemod, "f".to_owned());
    let fake = places("async fn f() -> u8 { 1 }");
    assert_eq!(fake, [of("fake-async")]);
    // What it is made of may block.
    let ready = places("fn f() -> Ready<u8> { ready(1) }");
    assert_eq!(ready, [of("blocking-in-async"), of("fake-async")]);
    let redundant = "fn f() { run(async { g(1).await }); }";
    let place = "async { g(1).await }".to_owned();
    assert_eq!(places(redundant), [("redundant-task", place)]);
}

#[test]
fn a_suppression_comment_is_looked_at_without_a_candidate() {
    let folder = at(&[(
        "a.rs",
        "// unpark: allow(unobserved-task) because\nfn f() {}\n",
    )]);
    assert_eq!(names(&folder, &below(&folder)), ["a.rs"]);
}

#[test]
fn the_word_of_a_suppression_outside_of_a_comment_is_none() {
    let folder = at(&[("lib.rs", "fn f(unpark: u8) {}\n")]);
    let found = below(&folder);
    assert_eq!((found.candidates.len(), found.skipped.len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_named_and_not_followed() {
    let folder = at(&[("a.rs", SPAWNS), ("elsewhere/b.txt", "")]);
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(folder.path().join(from), folder.path().join(to))
            .expect("a link is made");
    };
    link("a.rs", "linked.rs");
    link("elsewhere", "linked");
    link("nowhere.rs", "dangling.rs");
    let found = below(&folder);
    assert_eq!(names(&folder, &found), ["a.rs"]);
    let skipped: Vec<String> = found
        .skipped
        .iter()
        .map(|it| name(folder.path(), &it.path))
        .collect();
    assert_eq!(skipped, ["dangling.rs", "linked.rs"]);
    for it in &found.skipped {
        assert!(it.reason.contains("symbolic link"), "{}", it.reason);
    }
}

#[test]
fn a_file_that_is_given_twice_is_looked_at_once() {
    let folder = at(&[("a.rs", SPAWNS), ("b.rs", SPAWNS)]);
    let found = walk(&[folder.path().to_owned(), folder.path().join("a.rs")]);
    assert_eq!(names(&folder, &found), ["a.rs", "b.rs"]);
}

#[test]
fn a_path_that_does_not_exist_is_an_error() {
    let folder = at(&[]);
    let paths = [folder.path().join("none.rs")];
    let knowledge = Config::default().knowledge();
    let error = discover::discover(&paths, &[], &knowledge, 1).expect_err("there is no such file");
    assert!(format!("{error:#}").contains("none.rs"), "{error:#}");
}

#[test]
fn a_generated_file_is_named() {
    for head in [
        "// @generated by prost",
        "/* Automatically generated */",
        "// Code generated by x. DO NOT EDIT.",
    ] {
        let text = format!("{head}\n{SPAWNS}");
        assert_eq!(reason(&at(&[("a.rs", &text)])), "it is generated");
    }
    // Only a comment at the head says so.
    let lines = "\n".repeat(10);
    let text = format!("const HEAD: &str = \"@generated\";\n{SPAWNS}{lines}// @generated\n");
    let folder = at(&[("a.rs", &text)]);
    assert_eq!(names(&folder, &below(&folder)), ["a.rs"]);
}

#[test]
fn a_file_that_is_not_utf8_is_named() {
    let folder = at(&[]);
    let text = [SPAWNS.as_bytes(), b"// \xe9\n"].concat();
    fs::write(folder.path().join("a.rs"), text).expect("a file is written");
    assert_eq!(reason(&folder), "it is not UTF-8");
}

#[test]
fn a_file_that_does_not_parse_is_named_with_the_line() {
    let text = format!("{SPAWNS}\nfn broken( {{\n");
    let reason = reason(&at(&[("a.rs", &text)]));
    assert!(reason.starts_with("it does not parse: line 5:"), "{reason}");
}

/// `gen` is a name until 2024, and `async` until 2018.
#[test]
fn older_editions_parse() {
    for text in ["fn gen() {}", "fn async() {}"] {
        let text = format!("{SPAWNS}{text}\n");
        let folder = at(&[("a.rs", &text)]);
        assert_eq!(names(&folder, &below(&folder)), ["a.rs"]);
    }
}

#[test]
fn a_file_that_is_too_large_is_named() {
    let text = format!("{SPAWNS}{}", "// and so on\n".repeat((20 << 20) / 13));
    let reason = reason(&at(&[("a.rs", &text)]));
    assert!(reason.contains("bytes"), "{reason}");
}

/// Expressions and items of a depth that nobody writes, and some program might.
fn deep(n: usize) -> Vec<(&'static str, String)> {
    let expr = |text: String| format!("fn deep() {{\n    let _ = {text};\n}}\n");
    let ty = |text: String| format!("type Deep = {text};\n");
    let nested = |open: &str, inner: &str, close: &str| {
        [open.repeat(n), inner.to_owned(), close.repeat(n)].concat()
    };
    vec![
        ("parentheses", expr(nested("(", "1", ")"))),
        ("brackets", expr(nested("[", "1", "]"))),
        ("braces", expr(nested("{", "1", "}"))),
        ("unclosed", expr("(".repeat(n))),
        ("not", expr(nested("!", "true", ""))),
        ("references", expr(nested("&", "1", ""))),
        ("mutable references", expr(nested("&mut ", "1", ""))),
        ("minus", expr(nested("-", "1", ""))),
        ("stars", expr(nested("*", "p", ""))),
        ("methods", expr(nested("a", "", ".a()"))),
        ("fields", expr(format!("a{}", ".a".repeat(n)))),
        ("tries", expr(format!("a{}", "?".repeat(n)))),
        ("calls", expr(format!("a{}", "()".repeat(n)))),
        ("sum", expr(format!("1{}", " + 1".repeat(n)))),
        ("casts", expr(format!("1{}", " as u8".repeat(n)))),
        ("assignments", expr(nested("a = ", "1", ""))),
        ("closures", expr(nested("|a| ", "1", ""))),
        ("returns", expr(nested("return ", "1", ""))),
        ("ranges", expr(nested(".. ", "1", ""))),
        (
            "else if",
            format!("fn deep() {{\n    {}{{}}\n}}\n", "if a {} else ".repeat(n)),
        ),
        ("match arms", expr(nested("match a { _ => ", "1", " }"))),
        ("modules", nested("mod a {", "", "}")),
        ("reference types", ty(nested("&", "u8", ""))),
        ("pointer types", ty(nested("*const ", "u8", ""))),
        ("function types", ty(nested("fn() -> ", "u8", ""))),
        ("generics", ty(nested("A<", "u8", ">"))),
        ("generics in a list", ty(nested("A<u8, ", "u8", ">"))),
        ("paths", ty(nested("a::", "A", ""))),
        ("bounds", ty(nested("impl Fn() -> ", "u8", ""))),
        (
            "patterns",
            format!("fn deep() {{\n    let {}a = b;\n}}\n", "&".repeat(n)),
        ),
        (
            "bindings",
            format!("fn deep() {{\n    let {}a = b;\n}}\n", "a @ ".repeat(n)),
        ),
        ("use trees", format!("use {};\n", nested("a::{", "b", "}"))),
        (
            "tokens",
            format!(
                "macro_rules! deep {{ () => {{ {} }} }}\n",
                nested("(", "", ")")
            ),
        ),
        ("labels", expr(nested("async move ", "{}", ""))),
        (
            "macro arguments",
            expr(format!("m!({})", nested("[", "1", "]"))),
        ),
        ("macro calls", expr(nested("m!(", "1", ")"))),
        (
            "conditions",
            format!(
                "#[cfg({})]\n{}",
                nested("not(", "a", ")"),
                "fn deep() {\n}\n"
            ),
        ),
        (
            "conditional attributes",
            format!(
                "#[{}]\n{}",
                nested("cfg_attr(a, ", "b", ")"),
                "fn deep() {\n}\n"
            ),
        ),
        ("functions", nested("fn deep() { ", "", "}")),
        ("if let", expr(nested("if let A = ", "1", " {}"))),
        ("tuple types", ty(nested("(u8, ", "u8", ")"))),
        ("array types", ty(nested("[", "u8", "; 1]"))),
        (
            "constants in types",
            ty(nested("A<{ let _: ", "u8", "; 1 }>")),
        ),
        (
            "tuple patterns",
            format!(
                "fn deep() {{\n    let {} = b;\n}}\n",
                nested("A(", "_", ")")
            ),
        ),
    ]
}

#[test]
fn what_is_too_deep_is_named_and_never_ends_the_process() {
    for (what, text) in deep(10_000) {
        let folder = at(&[("a.rs", &format!("{SPAWNS}{text}"))]);
        let reason = reason(&folder);
        assert!(reason.contains("deeper than"), "{what}: {reason}");
    }
}

/// What is let through to the parser must not overflow its stack either.
#[test]
fn what_is_just_not_too_deep_for_the_parser_is_parsed() {
    for (what, text) in deep(1_900) {
        let folder = at(&[("a.rs", &format!("{SPAWNS}{text}"))]);
        let found = below(&folder);
        let looked_at = found.candidates.len() + found.skipped.len();
        assert_eq!(looked_at, 1, "{what}");
    }
}

/// Separators, and what ends a block, begin anew: length is not depth.
#[test]
fn what_is_long_is_not_too_deep() {
    let item = "#[a(b)]\npub fn f<A, B: C>(a: &A, b: [u8; 2]) -> Option<A> {\n    if a < b { a } else { !b }\n}\n";
    let arm = "        A::B | A::C if a > b && c => &a::b + -c,\n        A::D(_) => { a.b()?; }\n";
    let shift = "    pub const A: u32 = 1 << 3;\n";
    let row = "    (1 << 2, -1, \"((([[[{{{\", 'a'), // ((([[[{{{\n";
    let closure = "    f(|a, b| a + b, |c| -c);\n";
    for (open, line, close) in [
        ("", item, ""),
        ("fn f() {\n    match a {\n", arm, "    }\n}\n"),
        ("mod a {\n", shift, "}\n"),
        ("static A: &[A] = &[\n", row, "];\n"),
        ("fn f() {\n", closure, "}\n"),
    ] {
        let text = format!("{SPAWNS}{open}{}{close}", line.repeat(2_000));
        let folder = at(&[("a.rs", &text)]);
        let found = below(&folder);
        assert_eq!(found.skipped, [], "{line}");
    }
}

/// A module is parsed because its crate is loaded, whether it is a candidate or not.
#[test]
fn a_deep_module_does_not_end_the_analysis_of_its_crate() {
    let mut files = vec![
        (
            "Cargo.toml".to_owned(),
            "[package]\nname = \"deep\"\nedition = \"2024\"\n[workspace]\n".to_owned(),
        ),
        (
            "unpark.toml".to_owned(),
            "[[wrapper]]\npath = \"deep::spawn\"\nis = \"spawn\"\n".to_owned(),
        ),
        // It would take hours for some of them.
        (
            "rustfmt.toml".to_owned(),
            "disable_all_formatting = true\n".to_owned(),
        ),
    ];
    let mut root = "pub fn spawn<F: Future>(_: F) {}\n\
                    pub async fn work() -> Result<(), String> { Err(String::new()) }\n\
                    pub fn start() { spawn(work()); }\n"
        .to_owned();
    // Left out; parsed and no candidate; a candidate, and analysed.
    for (prefix, n, begin) in [
        ("left", 10_000, "fn deep() {"),
        ("read", 1_900, "fn deep() {"),
        ("seen", 150, "fn deep() {\n    crate::spawn(crate::work());"),
    ] {
        for (index, (_, text)) in deep(n).into_iter().enumerate() {
            let name = format!("{prefix}{index}");
            root.push_str(&format!("mod {name};\n"));
            let text = text.replacen("fn deep() {", begin, 1);
            files.push((format!("src/{name}.rs"), text));
        }
    }
    files.push(("src/lib.rs".to_owned(), root));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let folder = at(&files);

    let options = Options {
        paths: vec![folder.path().to_owned()],
        jobs: 2,
        ..Options::default()
    };
    let outcome = unpark::run(&options).expect("the project is read");
    assert_eq!(outcome.defects, []);
    let left: Vec<String> = outcome
        .skipped
        .iter()
        .map(|it| outcome.shown(&it.path))
        .filter(|name| name.contains("left"))
        .collect();
    assert_eq!(left.len(), deep(1).len(), "{left:?}");
    let fixed = outcome
        .findings
        .iter()
        .filter(|finding| finding.state == State::Fixed);
    let fixed: Vec<String> = fixed.map(|finding| outcome.shown(&finding.path)).collect();
    assert!(fixed.contains(&"src/lib.rs".to_owned()), "{fixed:?}");
    assert!(fixed.iter().any(|name| name.contains("seen")), "{fixed:?}");
}
