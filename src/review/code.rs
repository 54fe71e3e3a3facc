//! A diff as lines of a terminal: side by side where there is room, else one version below the other.

use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthChar as _;

use super::look::Look;
use crate::report::{
    highlight::Token,
    side_by_side::{Hunk, Part, Row, Side},
};

/// The columns of a terminal from which on two versions have room beside each other.
const TWO_VERSIONS: usize = 120;
/// The columns of a line number, with the sign behind it.
const NUMBER: usize = 7;
/// What a tab looks like.
const TAB: &str = "    ";

/// The lines of a diff, none wider than `width` columns.
pub fn lines(hunks: &[Hunk<'_>], width: usize, colored: bool) -> Vec<Line<'static>> {
    let look = Look { colored };
    let mut lines = Vec::new();
    for (index, hunk) in hunks.iter().enumerate() {
        if index > 0 {
            lines.push(Line::styled("⋯", look.soft()));
        }
        if width >= TWO_VERSIONS {
            let half = (width - 1) / 2;
            lines.extend(hunk.rows.iter().flat_map(|row| look.beside(row, half)));
        } else {
            lines.extend(look.below(&hunk.rows, width));
        }
    }
    lines
}

impl Look {
    fn soft(&self) -> Style {
        self.color(Color::DarkGray)
    }

    /// A row as two columns.
    fn beside(&self, row: &Row<'_>, half: usize) -> Vec<Line<'static>> {
        let old = row.old.as_ref();
        let old = old.map_or_else(Vec::new, |side| self.side(side, sign(row, '-'), half));
        let new = row.new.as_ref();
        let new = new.map_or_else(Vec::new, |side| self.side(side, sign(row, '+'), half));
        let lines = (0..old.len().max(new.len())).map(|index| {
            let left = old.get(index).cloned().unwrap_or_default();
            let missing = half.saturating_sub(Line::from(left.clone()).width());
            let mut spans = left;
            spans.push(Span::raw(" ".repeat(missing)));
            spans.push(Span::styled("│", self.soft()));
            spans.extend(new.get(index).cloned().unwrap_or_default());
            Line::from(spans)
        });
        lines.collect()
    }

    /// Rows as a unified diff: what goes away before what comes in.
    fn below(&self, rows: &[Row<'_>], width: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for rows in rows.chunk_by(|a, b| a.differs == b.differs) {
            let olds = rows.iter().filter(|row| row.differs);
            let olds = olds.filter_map(|row| row.old.as_ref());
            lines.extend(olds.flat_map(|side| self.side(side, '-', width)));
            let news = rows.iter().filter_map(|row| Some((row, row.new.as_ref()?)));
            lines.extend(news.flat_map(|(row, side)| self.side(side, sign(row, '+'), width)));
        }
        lines.into_iter().map(Line::from).collect()
    }

    /// A line, in as many as it takes.
    fn side(&self, side: &Side<'_>, sign: char, width: usize) -> Vec<Vec<Span<'static>>> {
        let signed = match sign {
            '-' => self.color(Color::Red),
            '+' => self.color(Color::Green),
            _ => self.soft(),
        };
        let room = width.saturating_sub(NUMBER).max(1);
        let head = |number: &str, sign: char| {
            vec![
                Span::styled(format!("{number:>4} "), self.soft()),
                Span::styled(format!("{sign} "), signed),
            ]
        };
        let mut lines = vec![head(&side.number.to_string(), sign)];
        let mut used = 0;
        for part in &side.parts {
            let style = self.part(part, signed);
            let mut text = String::new();
            for c in shown(part.text) {
                let columns = c.width().unwrap_or(0);
                if used + columns > room {
                    let line = lines.last_mut().expect("there is one");
                    line.push(Span::styled(std::mem::take(&mut text), style));
                    lines.push(head("", sign));
                    used = 0;
                }
                text.push(c);
                used += columns;
            }
            let line = lines.last_mut().expect("there is one");
            line.push(Span::styled(text, style));
        }
        lines
    }

    fn part(&self, part: &Part<'_>, signed: Style) -> Style {
        if part.differs {
            return signed.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        match part.token {
            Some(Token::Keyword) => self.color(Color::Magenta),
            Some(Token::Text | Token::Number) => self.color(Color::Cyan),
            Some(Token::Comment) => self.soft(),
            Some(Token::Type) => self.color(Color::Blue),
            Some(Token::Macro | Token::Lifetime) => self.color(Color::Yellow),
            None => Style::new(),
        }
    }
}

fn sign(row: &Row<'_>, sign: char) -> char {
    if row.differs { sign } else { ' ' }
}

/// What a terminal can show: tabs have a width, and no control character reaches it.
fn shown(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(|c| match c {
        '\t' => TAB.chars().collect(),
        c if c.is_control() => vec!['\u{fffd}'],
        c => vec![c],
    })
}

#[cfg(test)]
mod tests {
    use ra_ap_ide_db::span::Edition;

    use super::*;
    use crate::report::side_by_side::hunks;

    fn text(old: &str, new: &str, width: usize) -> Vec<String> {
        let hunks = hunks(old, new, Some(Edition::CURRENT));
        let lines = lines(&hunks, width, true);
        lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn beside_each_other_or_below() {
        let (old, new) = ("fn f() {\n\tg()\n}\n", "fn f() {\n\tg().await\n}\n");
        assert_eq!(
            text(old, new, 40),
            [
                "   1   fn f() {",
                "   2 -     g()",
                "   2 +     g().await",
                "   3   }",
            ]
        );
        let beside = text(old, new, 121);
        assert_eq!(beside.len(), 3);
        assert_eq!(
            beside[1].split('│').map(str::trim).collect::<Vec<_>>(),
            ["2 -     g()", "2 +     g().await"]
        );
    }

    #[test]
    fn long_lines_go_on_below_and_nothing_controls_the_terminal() {
        assert_eq!(
            text("", "漢字\u{1b}[2J0123456789\n", 15),
            ["   1 + 漢字\u{fffd}[2J", "     + 01234567", "     + 89"]
        );
    }
}
