//! The unified diff. It is made of the bytes of the files: byte order marks, line ends and missing
//! newlines go through `git apply` and `patch -p1` as they are.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use similar::{
    Algorithm, ChangeTag, capture_diff_slices, group_diff_ops, udiff::UnifiedHunkHeader,
};

use super::Palette;
use crate::outcome::{Outcome, relative};

/// Lines around a change.
pub const CONTEXT: usize = 3;

/// Writes the diff of all changed files.
///
/// # Errors
/// If it can't be written.
pub fn write(outcome: &Outcome, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let base = base(outcome);
    for file in &outcome.files {
        let path = relative(&file.path, &base);
        let strong = palette.strong;
        let old = match file.is_new {
            true => "/dev/null".to_owned(),
            false => name("a", &path),
        };
        writeln!(out, "{strong}--- {old}{strong:#}")?;
        writeln!(out, "{strong}+++ {}{strong:#}", name("b", &path))?;
        let old = file.before.encode(&file.before.text);
        let new = file.before.encode(&file.after);
        hunks(&old, &new, palette, out)?;
    }
    Ok(())
}

/// The folder that the paths of the diff are relative to: the root, or the one above it that holds
/// all files.
pub fn base(outcome: &Outcome) -> PathBuf {
    let mut base: &Path = &outcome.root;
    while !outcome.files.iter().all(|file| file.path.starts_with(base)) {
        let Some(parent) = base.parent() else { break };
        base = parent;
    }
    base.to_owned()
}

/// Writes the hunks between two texts.
///
/// # Errors
/// If they can't be written.
pub fn hunks(old: &[u8], new: &[u8], palette: Palette, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (lines(old), lines(new));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for group in group_diff_ops(ops, CONTEXT) {
        let hunk = palette.hunk;
        writeln!(out, "{hunk}{}{hunk:#}", UnifiedHunkHeader::new(&group))?;
        for change in group.iter().flat_map(|op| op.iter_changes(&old, &new)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', anstyle::Style::new()),
                ChangeTag::Delete => ('-', palette.removed),
                ChangeTag::Insert => ('+', palette.added),
            };
            let line = change.value();
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            write!(out, "{style}{sign}")?;
            out.write_all(text)?;
            writeln!(out, "{style:#}")?;
            if text.len() == line.len() {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

/// Lines end at `\n` alone, as git and patch see it.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// A file's name as git writes it.
fn name(side: &str, path: &str) -> String {
    let name = format!("{side}/{path}");
    if name
        .chars()
        .any(|c| c.is_control() || matches!(c, '"' | '\\'))
    {
        let escaped = name.chars().map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            '\r' => "\\r".to_owned(),
            c if c.is_ascii_control() => format!("\\{:03o}", c as u32),
            c => c.to_string(),
        });
        return format!("\"{}\"", escaped.collect::<String>());
    }
    if name.contains(' ') {
        // Without it, what follows the space is taken for a time.
        return format!("{name}\t");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        hunks(old.as_bytes(), new.as_bytes(), Palette::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keeps_line_ends_and_says_where_there_is_none() {
        assert_eq!(
            diff("a\r\nb", "a\r\nc\rd\r\n"),
            "@@ -1,2 +1,2 @@\n a\r\n-b\n\\ No newline at end of file\n+c\rd\r\n"
        );
    }

    #[test]
    fn colours_go_around_the_text_of_a_line() {
        let mut out = Vec::new();
        hunks(b"a\n", b"b\n", Palette::new(true), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.ends_with("\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n"),
            "{text:?}"
        );
    }

    #[test]
    fn names_are_written_as_git_reads_them() {
        assert_eq!(name("a", "src/main.rs"), "a/src/main.rs");
        assert_eq!(name("b", "my code/é.rs"), "b/my code/é.rs\t");
        assert_eq!(name("a", "a\"\n.rs"), "\"a/a\\\"\\n.rs\"");
    }
}
