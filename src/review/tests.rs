//! What keys do, and what is seen.

use std::{path::PathBuf, sync::Arc};

use ratatui::{Terminal, backend::TestBackend};
use unpark_codemods::codemod::Safety;

use super::*;
use crate::{
    outcome::{Change, Outcome, State},
    overlay::Replacement,
    report::sample,
    source::Source,
};

/// Two changes, in a file each.
fn outcome() -> Outcome {
    let mut outcome = Outcome {
        root: PathBuf::from("/w"),
        ..Outcome::default()
    };
    for (id, name) in [(1, "a"), (2, "b")] {
        let path = PathBuf::from(format!("/w/{name}.rs"));
        let text = format!("fn {name}() {{\n    wait();\n}}\n");
        let at = text.find("();\n").unwrap() + 2;
        let mut finding = sample::finding(State::Fixed, path.to_str().unwrap(), 2);
        finding.id = name.to_owned();
        finding.message = format!("`{name}` waits, and blocks a thread of the runtime meanwhile");
        finding.change = Some(id);
        outcome.findings.push(finding);
        let edit = Replacement {
            start: at,
            end: at,
            replacement: ".await".to_owned(),
        };
        outcome.changes.push(Change {
            id,
            codemod: "unobserved-task",
            safety: Safety::Safe,
            round: 1,
            depends_on: [].into(),
            selected: true,
            edits: vec![(path.clone(), edit)],
        });
        let source = Source {
            text: Arc::from(text),
            bom: false,
        };
        outcome.sources.insert(path, source);
    }
    outcome
}

fn seen(session: &Session<'_>, view: &mut View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| screen::draw(frame, session, view))
        .unwrap();
    let screen = terminal.backend().to_string();
    let lines = screen.lines().map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

fn press(session: &mut Session<'_>, view: &mut View, code: KeyCode) -> Next {
    pressed(session, view, KeyEvent::from(code))
}

#[test]
fn a_change_with_its_diff() {
    let outcome = outcome();
    let session = Session::of(&outcome);
    assert_eq!(
        seen(&session, &mut View::default(), 60, 14),
        "\x20unpark review  1 of 2  0 accepted, 0 rejected, 2 open
`a` waits, and blocks a thread of the runtime meanwhile
a.rs:2  unobserved-task, safe, open
────────────────────────────────────────────────────────────
a.rs
   1   fn a() {
   2 -     wait();
   2 +     wait().await;
   3   }


 a accept   r reject   s suppress   c all of this codemod
 f all in this file   ←→ other changes   ↑↓ scroll
 e editor   u undo   w write   q quit and keep"
    );
}

#[test]
fn from_the_first_key_to_the_end() {
    let outcome = outcome();
    let mut session = Session::of(&outcome);
    let mut view = View::default();
    assert_eq!(
        press(&mut session, &mut view, KeyCode::Char('a')),
        Next::Ask
    );
    assert_eq!((session.current(), &view.prompt), (1, &Prompt::Change));
    press(&mut session, &mut view, KeyCode::Char('r'));
    assert_eq!(view.prompt, Prompt::End);
    let end = seen(&session, &mut view, 70, 10);
    assert!(
        end.contains("1 accepted change will be made, compiled, and written"),
        "{end}"
    );

    // Back, and all of the codemod.
    press(&mut session, &mut view, KeyCode::Char('u'));
    assert_eq!((session.current(), &view.prompt), (1, &Prompt::Change));
    press(&mut session, &mut view, KeyCode::Char('c'));
    let keys = seen(&session, &mut view, 70, 10);
    assert!(
        keys.contains("accept this one and all open ones of unobserved-task"),
        "{keys}"
    );
    press(&mut session, &mut view, KeyCode::Char('a'));
    assert_eq!(session.tally().accepted, 2);
    // It was the key of another question.
    let stays = press(&mut session, &mut view, KeyCode::Enter);
    assert_eq!(stays, Next::Ask);
    let write = press(&mut session, &mut view, KeyCode::Char('y'));
    assert_eq!(write, Next::End(Ended::Write));

    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let kept = pressed(&mut session, &mut view, interrupt);
    assert_eq!(kept, Next::End(Ended::Keep));
}

#[test]
fn a_change_is_suppressed_with_a_reason() {
    let outcome = outcome();
    let mut session = Session::of(&outcome);
    let mut view = View::default();
    let mut type_in = |session: &mut Session<'_>, words: &str| {
        for letter in words.chars() {
            press(session, &mut view, KeyCode::Char(letter));
        }
        press(session, &mut view, KeyCode::Enter);
        seen(session, &mut view, 70, 14)
    };
    // Every letter is a part of the reason, also those that are keys elsewhere.
    let unsaid = type_in(&mut session, "s ");
    assert!(unsaid.contains("has to say why"), "{unsaid}");
    let next = type_in(&mut session, "request, quarter");
    assert!(next.contains("0 rejected, 1 suppressed, 1 open"), "{next}");
    assert_eq!(session.current(), 1);
    let selection = session.selection(Vec::new());
    assert_eq!(selection.suppressed["a"].as_str(), "request, quarter");
    // All in this file; and what was answered is seen.
    let end = type_in(&mut session, "fswe retry");
    assert!(end.contains("2 findings will be allowed"), "{end}");
    let back = type_in(&mut session, "bn");
    assert!(back.contains("safe, suppressed: we retry"), "{back}");
}

#[test]
fn what_is_pasted_is_no_key() {
    let outcome = outcome();
    let mut session = Session::of(&outcome);
    let mut view = View::default();
    pasted(&mut view, "aa");
    press(&mut session, &mut view, KeyCode::Char('s'));
    pasted(&mut view, " of two\n  lines\n\n");
    let screen = seen(&session, &mut view, 70, 14);
    assert!(screen.contains("Why may it stay? of two lines"), "{screen}");
    assert_eq!(session.tally().open, 2);
}

#[test]
fn a_reason_that_is_longer_than_the_terminal() {
    let outcome = outcome();
    let mut session = Session::of(&outcome);
    let mut view = View::default();
    press(&mut session, &mut view, KeyCode::Char('s'));
    for letter in "this one waits for a lock that nobody holds for long".chars() {
        press(&mut session, &mut view, KeyCode::Char(letter));
    }
    let screen = seen(&session, &mut view, 40, 14);
    assert!(screen.contains("Why may it stay?"), "{screen}");
    assert!(screen.contains("nobody holds for long"), "{screen}");
    press(&mut session, &mut view, KeyCode::Esc);
    assert_eq!(view.prompt, Prompt::Change);
    for (width, height) in [(1, 1), (3, 2), (20, 4)] {
        press(&mut session, &mut view, KeyCode::Char('s'));
        seen(&session, &mut view, width, height);
    }
}

#[test]
fn a_small_terminal_scrolls() {
    let outcome = outcome();
    let mut session = Session::of(&outcome);
    let mut view = View::default();
    let top = seen(&session, &mut view, 60, 11);
    assert!(top.contains(" 2 lines below "), "{top}");
    press(&mut session, &mut view, KeyCode::End);
    let end = seen(&session, &mut view, 60, 11);
    assert!(end.contains("   3   }"), "{end}");
    // Nothing panics where there is no room at all.
    for (width, height) in [(1, 1), (3, 2), (20, 4)] {
        seen(&session, &mut view, width, height);
    }
}
