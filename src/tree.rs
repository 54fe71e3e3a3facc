//! Grows a tree from tokens that were looked at already, and knows how deep it is before anything
//! that recurses sees it.

use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_parser::{StrStep, TopEntryPoint};
use ra_ap_syntax::{Parse, SourceFile, SyntaxTreeBuilder, TextSize};

use crate::limits;

/// The tree of a file.
pub struct Tree {
    /// The tree, and what is wrong with it.
    pub parse: Parse<SourceFile>,
    /// Whether the parser found an error. What it lets pass may be wrong too: [`Parse::errors`] walks
    /// the tree for it.
    pub has_errors: bool,
}

/// Parses what the lexer made of a text.
///
/// # Errors
/// If the tree is too deep.
pub fn of_tokens(tokens: &LexedStr<'_>, edition: Edition) -> Result<Tree, String> {
    let output = TopEntryPoint::SourceFile.parse(&tokens.to_input(edition));
    let mut builder = SyntaxTreeBuilder::default();
    let (mut depth, mut deepest) = (0, 0);
    let mut has_errors = false;
    let mut error = |builder: &mut SyntaxTreeBuilder, message: &str, at: usize| {
        has_errors = true;
        let at = TextSize::try_from(at).expect("files are smaller than 4 GiB");
        builder.error(message.to_owned(), at);
    };
    tokens.intersperse_trivia(&output, &mut |step| match step {
        StrStep::Token { kind, text } => builder.token(kind, text),
        StrStep::Enter { kind } => {
            depth += 1;
            deepest = deepest.max(depth);
            builder.start_node(kind);
        }
        StrStep::Exit => {
            depth -= 1;
            builder.finish_node();
        }
        StrStep::Error { msg, pos } => error(&mut builder, msg, pos),
    });
    for (token, message) in tokens.errors() {
        error(&mut builder, message, tokens.text_start(token));
    }
    if let Some(reason) = limits::of_depth(deepest) {
        return Err(reason);
    }
    let parse = builder
        .finish()
        .cast()
        .expect("the parser begins with the file");
    Ok(Tree { parse, has_errors })
}
