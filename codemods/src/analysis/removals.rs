//! The edits that take names away which nothing uses any more.

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, SourceFile, TextRange, TextSize, ast};

use crate::change::{Change, Edit, Leftover};

/// The edits that take away what nothing uses any more after all of the changes, with the last
/// change that used it. `taken` are those of one round; `tree` is the file before them.
pub fn removals(tree: &SourceFile, file: FileId, taken: &[&Change]) -> Vec<(usize, Edit)> {
    let mut gone: Vec<TextRange> = taken
        .iter()
        .flat_map(|change| &change.gone)
        .filter(|(of, _)| *of == file)
        .map(|&(_, range)| range)
        .collect();
    let mut open: Vec<(usize, &Leftover)> = taken
        .iter()
        .enumerate()
        .flat_map(|(index, change)| change.leftovers.iter().map(move |it| (index, it)))
        .filter(|(_, leftover)| leftover.file == file)
        .filter(|(_, leftover)| {
            let mut used = taken.iter().flat_map(|change| &change.used);
            !used.any(|it| (it.file, it.range) == (file, leftover.binding))
        })
        .collect();
    open.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    let mut dead: Vec<(usize, TextRange)> = Vec::new();
    loop {
        let before = dead.len();
        for (index, leftover) in &open {
            let is_gone = |range: &TextRange| gone.iter().any(|gone| gone.contains_range(*range));
            let known = dead.iter().any(|(_, binding)| *binding == leftover.binding);
            if !known && leftover.uses.iter().all(is_gone) {
                dead.push((*index, leftover.binding));
            }
        }
        gone.extend(dead[before..].iter().map(|(_, binding)| *binding));
        if dead.len() == before {
            break;
        }
    }
    without(tree, &dead)
        .into_iter()
        .map(|(index, range, text)| (index, Edit { file, range, text }))
        .collect()
}

/// One edit for each statement and `use` item that loses something.
fn without(tree: &SourceFile, dead: &[(usize, TextRange)]) -> Vec<(usize, TextRange, String)> {
    let mut edits: Vec<(usize, TextRange, String)> = Vec::new();
    let ranges: Vec<TextRange> = dead.iter().map(|(_, range)| *range).collect();
    let text = tree.syntax().text().to_string();
    for &(index, range) in dead {
        let node = tree.syntax().covering_element(range);
        let node = match node {
            ra_ap_syntax::NodeOrToken::Node(node) => Some(node),
            ra_ap_syntax::NodeOrToken::Token(token) => token.parent(),
        };
        let Some(node) = node else { continue };
        let item = node.ancestors().find_map(ast::Use::cast);
        let Some(item) = item else {
            edits.push((index, whole_line(&text, range), String::new()));
            continue;
        };
        let Some(root) = item.use_tree() else {
            continue;
        };
        let edit = match rest_of(&root, &ranges) {
            Some(rest) => (index, root.syntax().text_range(), rest),
            None => (
                index,
                whole_line(&text, item.syntax().text_range()),
                String::new(),
            ),
        };
        if !edits.iter().any(|(_, range, _)| *range == edit.1) {
            edits.push(edit);
        }
    }
    join_empty_lines(&text, &mut edits);
    edits
}

/// A `use` tree without its dead members; `None` if nothing is left.
fn rest_of(tree: &ast::UseTree, dead: &[TextRange]) -> Option<String> {
    if dead.contains(&tree.syntax().text_range()) {
        return None;
    }
    let text = tree.syntax().text().to_string();
    let Some(list) = tree.use_tree_list() else {
        return Some(text);
    };
    let members: Vec<ast::UseTree> = list.use_trees().collect();
    let kept: Vec<(usize, String)> = members
        .iter()
        .enumerate()
        .filter_map(|(index, member)| Some((index, rest_of(member, dead)?)))
        .collect();
    let prefix = tree.path().map(|path| path.syntax().text().to_string());
    match kept.as_slice() {
        [] => None,
        [(_, only)] if members.len() > 1 => Some(match (prefix, only.as_str()) {
            (Some(prefix), "self") => prefix,
            (Some(prefix), only) => format!("{prefix}::{only}"),
            (None, only) => only.to_owned(),
        }),
        kept => {
            let base = tree.syntax().text_range().start();
            let at = |offset: ra_ap_syntax::TextSize| usize::from(offset - base);
            let start = |index: usize| at(members[index].syntax().text_range().start());
            let end = |index: usize| at(members[index].syntax().text_range().end());
            let mut out = text[..start(0)].to_owned();
            for (position, (index, member)) in kept.iter().enumerate() {
                out.push_str(member);
                let (from, to) = if position + 1 == kept.len() {
                    (end(members.len() - 1), text.len())
                } else {
                    (end(*index), start(*index + 1))
                };
                out.push_str(&text[from..to]);
            }
            Some(out)
        }
    }
}

/// Lines that went away in a row take an empty line after them along, where another one, a brace or
/// the start of the file stands before them.
fn join_empty_lines(text: &str, edits: &mut [(usize, TextRange, String)]) {
    edits.sort_by_key(|(_, range, _)| range.start());
    let mut first = TextSize::new(0);
    for at in 0..edits.len() {
        let range = edits[at].1;
        let goes_on =
            at > 0 && edits[at - 1].1.end() == range.start() && edits[at - 1].2.is_empty();
        if !goes_on {
            first = range.start();
        }
        let next = edits.get(at + 1).map(|(_, range, _)| range.start());
        let before = text[..usize::from(first)].trim_end_matches([' ', '\t', '\r']);
        let open = before.is_empty() || before.ends_with("\n\n") || before.ends_with("{\n");
        let rest = &text[usize::from(range.end())..];
        let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let whole = edits[at].2.is_empty() && text[..usize::from(range.end())].ends_with('\n');
        if whole && open && next != Some(range.end()) && rest[..line].trim().is_empty() {
            edits[at].1 = TextRange::new(range.start(), range.end() + offset(line));
        }
    }
}

fn offset(at: usize) -> TextSize {
    TextSize::try_from(at).expect("files are below 4 GiB")
}

/// A range with its line, if nothing else stands there.
fn whole_line(text: &str, range: TextRange) -> TextRange {
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let before = text[..start].trim_end_matches([' ', '\t']).len();
    let starts_line = before == 0 || text[..before].ends_with('\n');
    let rest = text[end..].trim_start_matches([' ', '\t', '\r']);
    let ends_line = rest.is_empty() || rest.starts_with('\n');
    let after = text.len() - rest.len();
    let (start, end) = match (starts_line, ends_line) {
        (true, true) => (before, after + usize::from(rest.starts_with('\n'))),
        (true, false) => (start, after),
        (false, _) => (before, end),
    };
    TextRange::new(offset(start), offset(end))
}
