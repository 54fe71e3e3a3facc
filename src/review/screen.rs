//! What a review looks like.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span, Text},
    widgets::{Block, Borders, Paragraph},
};
use tui_input::Input;

use super::{
    code,
    look::Look,
    session::{Answer, Scope, Session},
};
use crate::{
    outcome::State,
    replay,
    report::{count, notes, side_by_side},
};

/// What is on the screen beside the session.
#[derive(Debug, Default)]
pub struct View {
    /// How far the diff is scrolled, in lines.
    pub scroll: usize,
    /// How far it can be.
    pub last_line: usize,
    /// How many lines of it are seen.
    pub page: usize,
    /// Whether there are colours.
    pub colored: bool,
    /// What is being asked.
    pub prompt: Prompt,
    /// Why something may stay as it is, as far as it is written.
    pub reason: Input,
    /// What there is to say of the last key.
    pub said: String,
    /// Whether an editor was opened.
    pub edited: bool,
}

/// What is being asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// What becomes of this change.
    #[default]
    Change,
    /// What becomes of all changes of its codemod.
    Codemod,
    /// What becomes of all changes in its file.
    File,
    /// Why these may stay as they are.
    Reason(Scope),
    /// Whether that is all.
    End,
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, session: &Session<'_>, view: &mut View) {
    let look = Look {
        colored: view.colored,
    };
    let said = Line::styled(view.said.clone(), look.color(Color::Yellow));
    let keys = look.keys(session, view.prompt, usize::from(frame.area().width));
    let asks = matches!(view.prompt, Prompt::Reason(_));
    let rows = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
    let areas = [
        rows(1),
        Constraint::Min(1),
        rows(1),
        rows(usize::from(asks)),
        rows(keys.len()),
    ];
    let [top, middle, above, line, below] = Layout::vertical(areas).areas(frame.area());
    frame.render_widget(look.progress(session), top);
    match view.prompt {
        Prompt::End => frame.render_widget(look.end(session), middle),
        _ => draw_change(frame, middle, session, view, &look),
    }
    frame.render_widget(said, above);
    if asks {
        draw_reason(frame, line, &view.reason, &look);
    }
    frame.render_widget(Text::from(keys), below);
}

/// Draws the reason as far as it is written, with the cursor in it.
fn draw_reason(frame: &mut Frame<'_>, area: Rect, reason: &Input, look: &Look) {
    let question = " Why may it stay? ";
    let room = usize::from(area.width).saturating_sub(question.len() + 1);
    let hidden = reason.visual_scroll(room);
    let [question_area, reason_area] = Layout::horizontal([
        Constraint::Length(u16::try_from(question.len()).unwrap_or(u16::MAX)),
        Constraint::Min(0),
    ])
    .areas(area);
    frame.render_widget(Line::styled(question, look.strong()), question_area);
    let hidden_columns = u16::try_from(hidden).unwrap_or(u16::MAX);
    let shown = Paragraph::new(reason.value()).scroll((0, hidden_columns));
    frame.render_widget(shown, reason_area);
    let cursor = u16::try_from(reason.visual_cursor().saturating_sub(hidden)).unwrap_or(u16::MAX);
    frame.set_cursor_position((reason_area.x.saturating_add(cursor), reason_area.y));
}

fn draw_change(
    frame: &mut Frame<'_>,
    area: Rect,
    session: &Session<'_>,
    view: &mut View,
    look: &Look,
) {
    let mut head = look.head(session, usize::from(area.width));
    // The reasons may be many; the diff has at least half of the room.
    head.truncate(usize::from(area.height) / 2);
    let rows = u16::try_from(head.len()).unwrap_or(u16::MAX);
    let [head_area, diff_area] =
        Layout::vertical([Constraint::Length(rows), Constraint::Min(1)]).areas(area);
    frame.render_widget(Text::from(head), head_area);
    let lines = look.diff(session, usize::from(area.width));
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(look.color(Color::DarkGray));
    let room = usize::from(block.inner(diff_area).height);
    view.page = room;
    view.last_line = lines.len().saturating_sub(room);
    view.scroll = view.scroll.min(view.last_line);
    let below = view.last_line - view.scroll;
    let block = match below {
        0 => block,
        below => block.title(format!(" {} below ", count(below, "line"))),
    };
    let seen: Vec<Line<'_>> = lines.into_iter().skip(view.scroll).take(room).collect();
    frame.render_widget(Paragraph::new(seen).block(block), diff_area);
}

impl Look {
    fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn progress(&self, session: &Session<'_>) -> Line<'static> {
        let tally = session.tally();
        let at = format!(
            " unpark review  {} of {}  ",
            session.current() + 1,
            session.proposed().len()
        );
        Line::from(vec![
            Span::styled(at, self.strong()),
            Span::styled(
                format!("{} accepted", tally.accepted),
                self.color(Color::Green),
            ),
            Span::raw(", "),
            Span::styled(
                format!("{} rejected", tally.rejected),
                self.color(Color::Red),
            ),
            Span::raw(match tally.suppressed {
                0 => String::new(),
                suppressed => format!(", {suppressed} suppressed"),
            }),
            Span::raw(format!(", {} open", tally.open)),
        ])
        .style(Style::new().add_modifier(Modifier::REVERSED))
    }

    /// What is found, why, and what may differ.
    fn head(&self, session: &Session<'_>, width: usize) -> Vec<Line<'static>> {
        let outcome = session.outcome();
        let finding = session.finding(session.current());
        let title = textwrap::wrap(&finding.message, width);
        let title = title.into_iter();
        let mut lines: Vec<Line<'_>> = title
            .map(|line| Line::styled(line.into_owned(), self.strong()))
            .collect();
        let (answer, color) = match session.answer_of(session.current()) {
            Some(Answer::Accepted) => ("accepted".to_owned(), Color::Green),
            Some(Answer::Rejected) => ("rejected".to_owned(), Color::Red),
            Some(Answer::Suppressed(reason)) => (format!("suppressed: {reason}"), Color::Magenta),
            None => ("open".to_owned(), Color::Yellow),
        };
        let path = outcome.shown(&finding.path);
        let facts = format!(
            "{path}:{}  {}, {}, ",
            finding.start.line,
            finding.codemod,
            finding.safety.name()
        );
        lines.push(Line::from(vec![
            Span::styled(facts, self.color(Color::Cyan)),
            Span::styled(answer, self.color(color)),
        ]));
        let notes = notes::all(outcome, finding);
        // Whether it is fixed or offered is what is asked.
        let notes = notes.iter().filter(|(kind, _)| *kind == notes::Kind::Note);
        let indented = textwrap::Options::new(width)
            .initial_indent("• ")
            .subsequent_indent("  ");
        for (_, note) in notes {
            let note = textwrap::wrap(note, &indented);
            lines.extend(note.into_iter().map(|line| Line::raw(line.into_owned())));
        }
        lines
    }

    fn diff(&self, session: &Session<'_>, width: usize) -> Vec<Line<'static>> {
        let outcome = session.outcome();
        let change = session.proposed()[session.current()].change;
        let change = &outcome.changes[change];
        let mut lines = Vec::new();
        for (path, (old, new)) in replay::of_change(outcome, change) {
            let is_rust = path.extension().is_some_and(|it| it == "rs");
            let edition = is_rust.then(|| outcome.edition_of(&path));
            let hunks = side_by_side::hunks(&old, &new, edition);
            lines.push(Line::styled(outcome.shown(&path), self.strong()));
            lines.extend(code::lines(&hunks, width, self.colored));
        }
        lines
    }

    fn end(&self, session: &Session<'_>) -> Text<'static> {
        let tally = session.tally();
        let mut lines = vec![
            Line::raw(""),
            Line::styled(
                match tally.open {
                    0 => "Every change has an answer.".to_owned(),
                    open => format!(
                        "{} without an answer, which will not be made.",
                        count(open, "change")
                    ),
                },
                self.strong(),
            ),
            Line::raw(""),
        ];
        let outcome = session.outcome();
        let chosen = (0..session.proposed().len())
            .filter(|&at| session.answer_of(at) == Some(&Answer::Accepted))
            .map(|at| session.finding(at));
        let offered = chosen
            .filter(|finding| finding.state == State::Offered)
            .count();
        lines.push(Line::raw(match (tally.accepted, tally.suppressed) {
            (0, 0) => "Nothing was accepted, so there is nothing to write.".to_owned(),
            (0, _) => "Nothing was accepted.".to_owned(),
            (accepted, _) => format!(
                "{} will be made, compiled, and written if the compiler accepts them.",
                count(accepted, "accepted change")
            ),
        }));
        if offered > 0 {
            lines.push(Line::raw(format!("{offered} of them marked unsafe.")));
        }
        if tally.suppressed > 0 {
            let findings = count(tally.suppressed, "finding");
            lines.push(Line::raw(format!(
                "{findings} will be allowed by a comment with your reason."
            )));
        }
        if !outcome.unseen.is_empty() {
            let places: usize = outcome.unseen.values().sum();
            let places = count(places, "place");
            lines.push(Line::raw(format!(
                "Not looked at: {places}, which the summary names."
            )));
        }
        Text::from(lines)
    }

    fn keys(&self, session: &Session<'_>, prompt: Prompt, width: usize) -> Vec<Line<'static>> {
        let this = session.finding(session.current());
        let keys: Vec<(&str, String)> = match prompt {
            Prompt::Change => [
                ("a", "accept"),
                ("r", "reject"),
                ("s", "suppress"),
                ("c", "all of this codemod"),
                ("f", "all in this file"),
                ("←→", "other changes"),
                ("↑↓", "scroll"),
                ("e", "editor"),
                ("u", "undo"),
                ("w", "write"),
                ("q", "quit and keep"),
            ]
            .map(|(key, what)| (key, what.to_owned()))
            .into(),
            Prompt::Codemod | Prompt::File => {
                let of = match prompt {
                    Prompt::Codemod => format!("of {}", this.codemod),
                    _ => format!("in {}", session.outcome().shown(&this.path)),
                };
                vec![
                    ("a", format!("accept this one and all open ones {of}")),
                    ("r", "reject them".to_owned()),
                    ("s", "suppress them".to_owned()),
                    ("Esc", "only this one".to_owned()),
                ]
            }
            Prompt::Reason(_) => [("Enter", "suppress by a comment"), ("Esc", "back")]
                .map(|(key, what)| (key, what.to_owned()))
                .into(),
            Prompt::End => [
                ("y", "compile and write"),
                ("b", "back to the changes"),
                ("q", "quit and keep the answers"),
            ]
            .map(|(key, what)| (key, what.to_owned()))
            .into(),
        };
        let mut lines = vec![Line::default()];
        for (key, what) in keys {
            let key = Span::styled(format!(" {key} "), self.strong());
            let what = Span::raw(format!("{what}  "));
            let line = lines.last().expect("there is one");
            if line.width() > 0 && line.width() + key.width() + what.width() > width {
                lines.push(Line::default());
            }
            let line = lines.last_mut().expect("there is one");
            line.spans.extend([key, what]);
        }
        lines
    }
}
