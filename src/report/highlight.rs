//! The colours of Rust's tokens, for formats that show code.

use std::ops::Range;

use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::SyntaxKind;

/// What kind of token it is, as far as it has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A word of the language.
    Keyword,
    /// A string or a character.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A name that starts as types do.
    Type,
    /// The name of a macro that is called.
    Macro,
    /// A lifetime or a label.
    Lifetime,
}

/// The tokens of a text that have a colour, in order.
pub fn tokens(text: &str, edition: Edition) -> Vec<(Range<usize>, Token)> {
    let lexed = LexedStr::new(edition, text);
    let tokens = (0..lexed.len()).filter_map(|index| {
        let token = token(&lexed, index, edition)?;
        Some((lexed.text_range(index), token))
    });
    tokens.collect()
}

fn token(lexed: &LexedStr<'_>, index: usize, edition: Edition) -> Option<Token> {
    use SyntaxKind::*;
    let kind = lexed.kind(index);
    Some(match kind {
        COMMENT => Token::Comment,
        STRING | CHAR | BYTE | BYTE_STRING | C_STRING => Token::Text,
        INT_NUMBER | FLOAT_NUMBER => Token::Number,
        LIFETIME_IDENT => Token::Lifetime,
        IDENT if index + 1 < lexed.len() && lexed.kind(index + 1) == BANG => Token::Macro,
        IDENT if lexed.text(index).starts_with(char::is_uppercase) => Token::Type,
        _ if kind.is_keyword(edition) => Token::Keyword,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_tokens_apart() {
        let text = "async fn f<'a>(s: &'a Store) -> u8 { log!(\"x\"); 1 } // done";
        let found: Vec<(&str, Token)> = tokens(text, Edition::CURRENT)
            .into_iter()
            .map(|(range, token)| (&text[range], token))
            .collect();
        assert_eq!(
            found,
            [
                ("async", Token::Keyword),
                ("fn", Token::Keyword),
                ("'a", Token::Lifetime),
                ("'a", Token::Lifetime),
                ("Store", Token::Type),
                ("log", Token::Macro),
                ("\"x\"", Token::Text),
                ("1", Token::Number),
                ("// done", Token::Comment),
            ]
        );
    }
}
