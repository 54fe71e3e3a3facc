//! What a review looks like.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span, Text},
    widgets::{Block, Borders, Paragraph},
};

use super::{
    code,
    look::Look,
    session::{Answer, Session},
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
    /// What there is to say of the last key.
    pub said: String,
}

/// What is being asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// What becomes of this change.
    #[default]
    Change,
    /// What becomes of all changes of its codemod.
    Codemod,
    /// What becomes of all changes in its file.
    File,
    /// Whether that is all.
    End,
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, session: &Session<'_>, view: &mut View) {
    let look = Look {
        colored: view.colored,
    };
    let said = Line::styled(view.said.clone(), look.color(Color::Yellow));
    let keys = look.keys(session, &view.prompt, usize::from(frame.area().width));
    let bottom = Text::from_iter([said].into_iter().chain(keys));
    let [top, middle, below] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(u16::try_from(bottom.lines.len()).unwrap_or(u16::MAX)),
    ])
    .areas(frame.area());
    frame.render_widget(look.progress(session), top);
    match view.prompt {
        Prompt::End => frame.render_widget(look.end(session), middle),
        _ => draw_change(frame, middle, session, view, &look),
    }
    frame.render_widget(bottom, below);
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
        let counted = |answer, word| format!("{} {word}", session.count(answer));
        let at = format!(
            " unpark review  {} of {}  ",
            session.current() + 1,
            session.proposed().len()
        );
        Line::from(vec![
            Span::styled(at, self.strong()),
            Span::styled(
                counted(Some(Answer::Accepted), "accepted"),
                self.color(Color::Green),
            ),
            Span::raw(", "),
            Span::styled(
                counted(Some(Answer::Rejected), "rejected"),
                self.color(Color::Red),
            ),
            Span::raw(format!(", {}", counted(None, "open"))),
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
            Some(Answer::Accepted) => ("accepted", Color::Green),
            Some(Answer::Rejected) => ("rejected", Color::Red),
            None => ("open", Color::Yellow),
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
        let accepted = session.count(Some(Answer::Accepted));
        let mut lines = vec![
            Line::raw(""),
            Line::styled(
                match session.count(None) {
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
            .filter(|&at| session.answer_of(at) == Some(Answer::Accepted))
            .map(|at| session.finding(at));
        let offered = chosen
            .filter(|finding| finding.state == State::Offered)
            .count();
        lines.push(Line::raw(match accepted {
            0 => "Nothing was accepted, so there is nothing to write.".to_owned(),
            _ => format!(
                "{} will be made, compiled, and written if the compiler accepts them.",
                count(accepted, "accepted change")
            ),
        }));
        if offered > 0 {
            lines.push(Line::raw(format!("{offered} of them marked unsafe.")));
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

    fn keys(&self, session: &Session<'_>, prompt: &Prompt, width: usize) -> Vec<Line<'static>> {
        let this = session.finding(session.current());
        let keys: Vec<(&str, String)> = match prompt {
            Prompt::Change => [
                ("a", "accept"),
                ("r", "reject"),
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
                    ("a", format!("accept all {of}")),
                    ("r", format!("reject all {of}")),
                    ("Esc", "only this one".to_owned()),
                ]
            }
            Prompt::End => [
                ("Enter", "compile and write"),
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
