//! `// unpark: allow(NAME) reason` comments.

mod add;
mod faults;
mod reason;

use std::sync::Arc;

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{
    AstNode, Parse, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize, ast,
};

pub use self::{
    add::{Wanted, allow, to_allow},
    faults::{Looks, settle},
    reason::Reason,
};

/// The word that every suppression comment holds.
pub const MARKER: &str = "unpark:";

/// The name of findings about suppression comments themselves.
pub const NAME: &str = "suppression";

/// One suppression comment.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The comment.
    pub range: TextRange,
    /// The line that it speaks of, from 0.
    pub line: usize,
    /// The codemod that is told to be quiet. Empty if the comment can't be read.
    pub codemod: String,
    /// Why. May be empty, which is a finding.
    pub reason: String,
}

/// The suppression comments of a file, those included that can't be read.
pub struct Allows {
    text: Arc<str>,
    parse: Parse<SourceFile>,
    comments: Vec<Allow>,
}

impl Allows {
    /// Those of a text; `None` if it has none.
    pub fn of(text: &Arc<str>) -> Option<Allows> {
        text.contains(MARKER).then(|| Allows::read(text))
    }

    fn read(text: &Arc<str>) -> Allows {
        let parse = SourceFile::parse(text, Edition::CURRENT);
        let comments = comments(&parse.tree(), text);
        Allows {
            text: Arc::clone(text),
            parse,
            comments,
        }
    }

    /// All of them, in order.
    pub fn comments(&self) -> &[Allow] {
        &self.comments
    }

    /// The comment that allows a codemod's finding at an offset.
    pub fn for_finding(&self, codemod: &str, offset: usize) -> Option<&Allow> {
        let mut wanted = self
            .comments
            .iter()
            .filter(|allow| allow.codemod == codemod && !allow.reason.is_empty())
            .peekable();
        wanted.peek()?;
        let lines = self.lines_of(offset);
        wanted.find(|allow| lines.contains(&allow.line))
    }

    /// The lines, from 0, on which a comment speaks of a place: its own, and the first of the
    /// statement or item that it stands in, behind the comments of that.
    fn lines_of(&self, offset: usize) -> [usize; 2] {
        let line = |offset: usize| self.text[..offset].matches('\n').count();
        let start = self
            .token_at(offset)
            .and_then(|it| first_word(&statement_of(&it)?));
        let start = start.map_or(offset, |word| word.text_range().start().into());
        [line(offset), line(start)]
    }

    fn token_at(&self, offset: usize) -> Option<SyntaxToken> {
        let at = TextSize::try_from(offset).expect("files are smaller than 4 GiB");
        let tokens = self.parse.syntax_node().token_at_offset(at);
        tokens.right_biased()
    }
}

/// The statement or item that a token stands in.
fn statement_of(token: &SyntaxToken) -> Option<SyntaxNode> {
    token.parent_ancestors().find(|node| {
        let tail = node
            .parent()
            .is_some_and(|parent| ast::StmtList::can_cast(parent.kind()));
        ast::Stmt::can_cast(node.kind()) || tail
    })
}

/// The first token of a node that is neither white space nor a comment.
fn first_word(node: &SyntaxNode) -> Option<SyntaxToken> {
    let tokens = node.descendants_with_tokens();
    let mut tokens = tokens.filter_map(|element| element.into_token());
    tokens.find(|token| !token.kind().is_trivia())
}

/// A comment with a line of its own speaks of the next line with code; one behind code speaks of its own
/// line.
fn comments(file: &SourceFile, text: &str) -> Vec<Allow> {
    file.syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::COMMENT)
        .filter_map(|token| {
            let (codemod, reason) = parse(token.text())?.unwrap_or_default();
            let range = token.text_range();
            let line = line_spoken_of(text, usize::from(range.start()));
            Some(Allow {
                range,
                line,
                codemod,
                reason,
            })
        })
        .collect()
}

/// The name and the reason, if the comment is one of ours and can be read.
fn parse(comment: &str) -> Option<Option<(String, String)>> {
    let text = comment.trim_start_matches(['/', '*', '!']).trim();
    let rest = text.strip_prefix(MARKER)?;
    let read = || {
        let rest = rest.trim_start().strip_prefix("allow")?.trim_start();
        let (name, reason) = rest.strip_prefix('(')?.split_once(')')?;
        let line = comment.starts_with("//") && !name.trim().is_empty();
        line.then(|| (name.trim().to_owned(), reason.trim().to_owned()))
    };
    Some(read())
}

fn line_spoken_of(text: &str, offset: usize) -> usize {
    let line = text[..offset].matches('\n').count();
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[start..offset].trim().is_empty() {
        return line;
    }
    let below = text[offset..]
        .lines()
        .skip(1)
        .take_while(|line| {
            let code = line.trim_start();
            code.is_empty() || code.starts_with("//")
        })
        .count();
    line + 1 + below
}
