//! A change as a person reads it, for those that nobody but a person makes.

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    change::{Change, Edit, apply},
    context::FileContext,
};

/// The lines of the file that a change is about, before and after.
pub fn shown(ctx: &FileContext<'_>, change: &Change) -> String {
    let mut edits = change.edits.clone();
    edits.retain(|it| it.file == ctx.file);
    edits.sort_by_key(|it| it.range.start());
    let mut parts: Vec<(TextRange, Vec<Edit>)> = Vec::new();
    for edit in edits {
        let lines = whole_lines(ctx.text, edit.range);
        match parts.last_mut() {
            Some((range, part)) if lines.start() <= range.end() => {
                *range = range.cover(lines);
                part.push(edit);
            }
            _ => parts.push((lines, vec![edit])),
        }
    }
    let mut text = String::new();
    for (range, mut part) in parts {
        let before = ctx.slice(range);
        for edit in &mut part {
            edit.range -= range.start();
        }
        let after = apply(before, &part);
        for (mark, lines) in [('-', before), ('+', after.as_str())] {
            for line in lines.lines() {
                text += &format!("\n{mark} {line}");
            }
        }
    }
    text
}

fn whole_lines(text: &str, range: TextRange) -> TextRange {
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let size = |at: usize| TextSize::new(u32::try_from(at).expect("a file is smaller than that"));
    TextRange::new(size(start), size(end))
}
