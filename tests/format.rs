//! The layout of what was changed: rustfmt's where it was rustfmt's before, and ours elsewhere.

use std::{collections::BTreeSet, time::Duration};

use ra_ap_ide_db::span::Edition;
use tempfile::TempDir;
use unpark::{
    format::Rustfmt,
    limits,
    outcome::{ChangedFile, Outcome},
    overlay::{Overlay, Replacement},
    source::Source,
};

use crate::support::folder::write;

/// As rustfmt lays it out.
const CLEAN: &str = "\
use std::{i8, i16};

/* One,
 * two. */
pub fn start() -> i8 {
    flush()
}
";

/// What is changed, and what it becomes.
const CALL: &str = "    flush()\n";
const AS_WRITTEN: &str = "    if  true { /* why,
     not */ log(); }
    flush() // at last
";
const LAID_OUT: &str = "    if true {
        /* why,
        not */
        log();
    }
    flush() // at last
";

/// Changed files in a folder, and what rustfmt makes of them.
struct Case {
    folder: TempDir,
    outcome: Outcome,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Case {
        let folder = tempfile::tempdir().unwrap();
        let outcome = Outcome {
            root: folder.path().to_owned(),
            ..Outcome::default()
        };
        let mut case = Case { folder, outcome };
        for (name, text) in files {
            case.add(name, text, Edition::Edition2024);
        }
        case
    }

    fn add(&mut self, name: &str, text: &str, edition: Edition) {
        let path = self.folder.path().join(name);
        write(&path, text.as_bytes());
        let before = Source::decode(text.as_bytes().to_vec()).unwrap();
        let after = changed(&before.text, AS_WRITTEN);
        let edits = vec![whole(&before.text, &after)];
        self.outcome.files.push(ChangedFile {
            path,
            edition,
            is_new: false,
            before,
            after,
            edits,
        });
    }

    fn config(self, name: &str, text: &str) -> Case {
        write(&self.folder.path().join(name), text.as_bytes());
        self
    }

    /// The layouts that the files end in.
    #[track_caller]
    fn formatted(&mut self) -> Vec<String> {
        Rustfmt::default().format(&mut self.outcome, |_| true);
        assert_eq!(self.outcome.degraded, BTreeSet::new());
        self.after()
    }

    /// The texts of the files, to which their edits lead.
    #[track_caller]
    fn after(&self) -> Vec<String> {
        let files = self.outcome.files.iter();
        files
            .map(|file| {
                let mut overlay = Overlay::new(file.before.text.clone());
                overlay.apply(&file.edits, 0);
                assert_eq!(overlay.text(), file.after);
                file.after.clone()
            })
            .collect()
    }
}

/// A text with its call changed, in the line ends that it has.
fn changed(text: &str, into: &str) -> String {
    if text.contains(&crlf(CALL)) {
        return text.replace(&crlf(CALL), &crlf(into));
    }
    text.replace(CALL, into)
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn whole(before: &str, after: &str) -> Replacement {
    Replacement {
        start: 0,
        end: before.len(),
        replacement: after.to_owned(),
    }
}

#[track_caller]
fn becomes(before: &str, layout: &str) {
    let text = before.trim_start_matches('\u{feff}');
    let mut case = Case::new(&[("a.rs", before)]);
    assert_eq!(case.formatted(), [changed(text, layout)]);
}

#[test]
fn a_clean_file_is_clean_afterwards() {
    becomes(CLEAN, LAID_OUT);
}

#[test]
fn another_file_keeps_its_shape() {
    becomes(&CLEAN.replace("start()", "start( )"), AS_WRITTEN);
    becomes(CLEAN.trim_end(), AS_WRITTEN);
    becomes(&format!("#![rustfmt::skip]\n{CLEAN}"), AS_WRITTEN);
}

#[test]
fn line_ends_and_marks_are_kept() {
    becomes(&crlf(CLEAN), LAID_OUT);
    becomes(&format!("\u{feff}{CLEAN}"), LAID_OUT);
    becomes(&format!("\u{feff}{}", crlf(CLEAN)), LAID_OUT);
    // With both, it was not rustfmt that laid it out.
    becomes(&CLEAN.replacen('\n', "\r\n", 1), AS_WRITTEN);
}

#[test]
fn the_edits_are_of_lines_that_change() {
    let text = format!("{CLEAN}\n{}", CLEAN.split_once("\n\n").unwrap().1);
    let mut case = Case::new(&[("a.rs", &text)]);
    case.formatted();
    let places: Vec<usize> = text.match_indices(CALL).map(|(at, _)| at).collect();
    let (before, last) = LAID_OUT.rsplit_once("    flush").unwrap();
    let edits = &case.outcome.files[0].edits;
    let expected = places.into_iter().map(|start| Replacement {
        start,
        end: start + CALL.len(),
        replacement: format!("{before}    flush{last}"),
    });
    assert_eq!(*edits, expected.collect::<Vec<_>>());
}

#[test]
fn what_needs_no_layout_keeps_its_edits() {
    let mut case = Case::new(&[("a.rs", CLEAN)]);
    let after = changed(CLEAN, LAID_OUT);
    let edits = vec![whole(CLEAN, &after)];
    let file = &mut case.outcome.files[0];
    (file.after, file.edits) = (after, edits.clone());
    case.formatted();
    assert_eq!(case.outcome.files[0].edits, edits);
}

#[test]
fn only_what_is_wanted_is_laid_out() {
    let mut case = Case::new(&[("a.rs", CLEAN), ("b.rs", CLEAN)]);
    Rustfmt::default().format(&mut case.outcome, |path| path.ends_with("b.rs"));
    let layouts = [AS_WRITTEN, LAID_OUT].map(|layout| changed(CLEAN, layout));
    assert_eq!(case.after(), layouts);
}

#[test]
fn the_modules_of_a_file_are_left_alone() {
    let untidy = "pub fn  untidy ( ) { }\n";
    let mut case = Case::new(&[("lib.rs", &format!("mod untidy;\n{CLEAN}"))]);
    let path = case.folder.path().join("untidy.rs");
    write(&path, untidy.as_bytes());
    case.formatted();
    assert_eq!(std::fs::read_to_string(path).unwrap(), untidy);
}

#[test]
fn the_configuration_nearest_to_the_file_holds() {
    let narrow = |text: &str| text.replace("    ", "  ");
    let files = [("a.rs", &*narrow(CLEAN)), ("wide/deep/b.rs", CLEAN)];
    let mut case = Case::new(&files)
        .config("rustfmt.toml", "tab_spaces = 2\n")
        .config("wide/.rustfmt.toml", "");
    let (a, b) = (&mut case.outcome.files[0], narrow(AS_WRITTEN));
    a.after = a.before.text.replace(&narrow(CALL), &b);
    a.edits = vec![whole(&a.before.text, &a.after)];
    let expected = [narrow(&changed(CLEAN, LAID_OUT)), changed(CLEAN, LAID_OUT)];
    assert_eq!(case.formatted(), expected);
}

/// Editions sort imports differently.
#[test]
fn the_edition_of_the_package_holds() {
    let older = CLEAN.replace("{i8, i16}", "{i16, i8}");
    let mut case = Case::new(&[]);
    case.add("a.rs", CLEAN, Edition::Edition2021);
    case.add("b.rs", &older, Edition::Edition2021);
    case.add("c.rs", &older, Edition::Edition2024);
    let expected = [
        changed(CLEAN, AS_WRITTEN),
        changed(&older, LAID_OUT),
        changed(&older, AS_WRITTEN),
    ];
    assert_eq!(case.formatted(), expected);
}

#[track_caller]
fn keeps_ours(rustfmt: Rustfmt, files: usize, message: &str) {
    let names: Vec<String> = (0..files).map(|n| format!("{n}.rs")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), CLEAN)).collect();
    let mut case = Case::new(&files);
    rustfmt.format(&mut case.outcome, |_| true);
    let said: Vec<_> = case.outcome.degraded.iter().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(message), "{said:?}");
    assert!(
        case.after()
            .iter()
            .all(|text| *text == changed(CLEAN, AS_WRITTEN))
    );
}

#[test]
fn without_rustfmt_the_layout_is_ours() {
    let message = "not formatted: 0.rs, 1.rs, 2.rs, 2 more: can't run `/nowhere/rustfmt`: ";
    keeps_ours(Rustfmt::at("/nowhere/rustfmt"), 5, message);
}

/// A rustfmt of another mind: a shell script.
#[cfg(unix)]
#[track_caller]
fn script(script: &str, reason: &str) {
    script_within(script, limits::RUSTFMT, reason);
}

#[cfg(unix)]
#[track_caller]
fn script_within(script: &str, limit: Duration, reason: &str) {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rustfmt");
    write(&program, format!("#!/bin/sh\n{script}\n").as_bytes());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let rustfmt = Rustfmt::at(&program).within(limit);
    keeps_ours(rustfmt, 1, &format!("not formatted: 0.rs: {reason}"));
}

#[cfg(unix)]
#[test]
fn where_rustfmt_fails_the_layout_is_ours() {
    // It does not even read what it is given.
    script(
        "echo 'error: it is Friday' >&2; exit 1",
        "rustfmt failed: it is Friday",
    );
    script("exit 1", "rustfmt failed: exit status: 1");
    script("printf '\\377'", "rustfmt answers in no UTF-8");
}

/// rustfmt takes twice as long with each level of nested closures.
#[cfg(unix)]
#[test]
fn a_rustfmt_that_does_not_end_is_ended() {
    let reason = "rustfmt took longer than 0.05 s for it";
    script_within("exec sleep 600", Duration::from_millis(50), reason);
}

#[cfg(unix)]
#[test]
fn what_is_more_than_layout_is_not_taken() {
    let reason = "rustfmt changes more than its layout";
    script("sed s/log/lag/", reason);
    script("sed 's/why/how/'", reason);
    script("sed 's/ true { / true {/; s/; }/;/'", reason);
    script("sed '/at last/d'", reason);
}
