//! `unpark review`: the changes of a run one by one, on a terminal. What is accepted is a
//! [`Selection`]; a run then makes, compiles and writes it.

mod code;
mod editor;
pub mod kept;
mod look;
mod screen;
pub mod session;

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use ratatui::{
    DefaultTerminal,
    crossterm::{
        event::{
            self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent,
            KeyEventKind, KeyModifiers,
        },
        execute,
    },
};
use tui_input::{InputRequest, backend::crossterm::EventHandler as _};

use self::{
    screen::{Prompt, View},
    session::{Answer, Scope, Session},
};
use crate::{report::count, suppress};

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// What was accepted is to be made.
    Write,
    /// The answers are for later.
    Keep,
}

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How it ended.
    pub ended: Ended,
    /// Whether an editor was opened, so that files may have changed.
    pub edited: bool,
}

/// Whether a review could be shown.
///
/// # Errors
/// If there is no terminal; the message names the commands that do the same.
pub fn needs_terminal() -> Result<()> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    bail!(
        "`unpark review` asks on a terminal, and there is none\nhelp: `unpark --report \
         html=FILE` writes a page to review the changes in, `unpark --apply --selection FILE` makes \
         what was accepted there, and `unpark` prints all changes as a diff"
    );
}

/// Asks about each change, until it is said how to go on.
///
/// # Errors
/// If the terminal can't be used.
pub fn ask(session: &mut Session<'_>, said: String, colored: bool) -> Result<Asked> {
    let mut terminal = take_terminal()?;
    let mut view = View {
        colored,
        said,
        ..View::default()
    };
    let ended = answers(&mut terminal, session, &mut view);
    give_terminal_back()?;
    Ok(Asked {
        ended: ended?,
        edited: view.edited,
    })
}

fn take_terminal() -> Result<DefaultTerminal> {
    let terminal = ratatui::try_init().context("can't use the terminal")?;
    // What is pasted comes as one, and not as keys that mean something; where that can be had.
    let _ = execute!(io::stdout(), EnableBracketedPaste);
    Ok(terminal)
}

fn give_terminal_back() -> Result<()> {
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    ratatui::try_restore().context("can't give the terminal back")
}

fn answers(
    terminal: &mut DefaultTerminal,
    session: &mut Session<'_>,
    view: &mut View,
) -> Result<Ended> {
    loop {
        terminal.draw(|frame| screen::draw(frame, session, view))?;
        let key = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(text) => {
                pasted(view, &text);
                continue;
            }
            // A terminal of another size is drawn anew.
            _ => continue,
        };
        match pressed(session, view, key) {
            Next::Ask => {}
            Next::End(ended) => return Ok(ended),
            Next::Edit => {
                let finding = session.finding(session.current());
                edit(terminal, view, &finding.path, finding.start.line)?;
            }
        }
    }
}

/// What a key leads to.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Ask,
    End(Ended),
    Edit,
}

fn pressed(session: &mut Session<'_>, view: &mut View, key: KeyEvent) -> Next {
    view.said.clear();
    let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if with_control && key.code == KeyCode::Char('c') {
        return Next::End(Ended::Keep);
    }
    if let Prompt::Reason(scope) = view.prompt {
        pressed_in_the_reason(session, view, scope, key);
        return Next::Ask;
    }
    if with_control {
        return Next::Ask;
    }
    let scope = match view.prompt {
        Prompt::Change => Scope::This,
        Prompt::Codemod => Scope::Codemod,
        Prompt::File => Scope::File,
        Prompt::Reason(scope) => scope,
        Prompt::End => return pressed_at_the_end(session, view, key.code),
    };
    match key.code {
        KeyCode::Char('a') => answer(session, view, scope, &Answer::Accepted),
        KeyCode::Char('r') => answer(session, view, scope, &Answer::Rejected),
        KeyCode::Char('s') => ask_why(session, view, scope),
        KeyCode::Esc => view.prompt = Prompt::Change,
        KeyCode::Char('c') => view.prompt = Prompt::Codemod,
        KeyCode::Char('f') => view.prompt = Prompt::File,
        KeyCode::Right | KeyCode::Char('n' | 'l') | KeyCode::Tab => go(session, view, true),
        KeyCode::Left | KeyCode::Char('p' | 'h') | KeyCode::BackTab => go(session, view, false),
        KeyCode::Down | KeyCode::Char('j') => scroll(view, 1),
        KeyCode::Up | KeyCode::Char('k') => scroll(view, -1),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll(view, view.page.cast_signed()),
        KeyCode::PageUp => scroll(view, -view.page.cast_signed()),
        KeyCode::Home => view.scroll = 0,
        KeyCode::End => view.scroll = view.last_line,
        KeyCode::Char('u') => undo(session, view),
        KeyCode::Char('e') => return Next::Edit,
        KeyCode::Char('w') => view.prompt = Prompt::End,
        KeyCode::Char('q') => return Next::End(Ended::Keep),
        _ => {}
    }
    Next::Ask
}

fn pressed_at_the_end(session: &mut Session<'_>, view: &mut View, key: KeyCode) -> Next {
    match key {
        KeyCode::Char('y') => return Next::End(Ended::Write),
        KeyCode::Char('q') => return Next::End(Ended::Keep),
        KeyCode::Char('u') => {
            view.prompt = Prompt::Change;
            undo(session, view);
        }
        KeyCode::Char('b') | KeyCode::Esc => view.prompt = Prompt::Change,
        _ => {}
    }
    Next::Ask
}

/// Asks why something may stay as it is.
fn ask_why(session: &Session<'_>, view: &mut View, scope: Scope) {
    let finding = session.finding(session.current());
    if finding.codemod == suppress::NAME && scope != Scope::File {
        view.said = "it is about a comment itself; rejected, the comment stays".to_owned();
        return;
    }
    view.reason.reset();
    view.prompt = Prompt::Reason(scope);
}

fn pressed_in_the_reason(session: &mut Session<'_>, view: &mut View, scope: Scope, key: KeyEvent) {
    match key.code {
        KeyCode::Esc => view.prompt = Prompt::Change,
        KeyCode::Enter => match view.reason.value().parse() {
            Ok(reason) => answer(session, view, scope, &Answer::Suppressed(reason)),
            Err(error) => view.said = error,
        },
        _ => {
            view.reason.handle_event(&Event::Key(key));
        }
    }
}

/// What is pasted is a part of the reason, which is one line, and no answer.
fn pasted(view: &mut View, text: &str) {
    if let Prompt::Reason(_) = view.prompt {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for letter in words.chars() {
            view.reason.handle(InputRequest::InsertChar(letter));
        }
    }
}

fn answer(session: &mut Session<'_>, view: &mut View, scope: Scope, answer: &Answer) {
    let answered = session.answer(scope, answer);
    if answered != 1 {
        let word = match answer {
            Answer::Accepted => "accepted",
            Answer::Rejected => "rejected",
            Answer::Suppressed(_) => "suppressed or rejected",
        };
        view.said = match (answered, scope) {
            (0, _) => String::new(),
            (_, Scope::This) => {
                let changes = count(answered, "change");
                format!("{changes} {word}: they go together")
            }
            _ => format!("{} {word}", count(answered, "change")),
        };
    }
    view.scroll = 0;
    view.prompt = match session.tally().open {
        0 => Prompt::End,
        _ => Prompt::Change,
    };
}

fn go(session: &mut Session<'_>, view: &mut View, forward: bool) {
    session.step(forward);
    view.scroll = 0;
    view.prompt = Prompt::Change;
}

fn scroll(view: &mut View, by: isize) {
    view.scroll = view.scroll.saturating_add_signed(by).min(view.last_line);
}

fn undo(session: &mut Session<'_>, view: &mut View) {
    view.scroll = 0;
    view.said = match session.undo() {
        true => "the last answer is taken back".to_owned(),
        false => "there is nothing to take back".to_owned(),
    };
}

/// Lends the terminal to the user's editor.
fn edit(terminal: &mut DefaultTerminal, view: &mut View, path: &Path, line: usize) -> Result<()> {
    give_terminal_back()?;
    let opened = editor::open(path, line);
    view.edited = true;
    *terminal = take_terminal()?;
    terminal.clear()?;
    view.said = match opened {
        Ok(()) => "what was saved is looked at again before anything is written".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
