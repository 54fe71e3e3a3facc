//! Makes odd files out of real ones.

use std::ops::Range;

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};
use unpark::{limits, tree};

/// What may be done to a file.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    DeleteToken,
    RepeatToken,
    SwapTokens,
    InsertText,
    ReplaceByText,
    Rename,
    CopyNode,
    DeleteNode,
    SwapNodes,
    WrapNode,
    NestNode,
    InsertItem,
    InsertTokens,
    EndAsOther,
    Truncate,
    CarriageReturns,
    CarriageReturn,
    OddByte,
    Head,
}

/// One thing that is done to a file. What the indices choose from depends on its kind.
#[derive(Debug, Clone)]
pub struct Mutation {
    kind: Kind,
    place: Index,
    other: Index,
    choice: Index,
}

/// Texts that a person might have put there.
const TEXTS: &[&str] = &[
    " /* why */ ",
    " // why\n",
    "\n    // why\n",
    "/// why\n",
    ".await",
    "?",
    ".unwrap()",
    " async ",
    " move ",
    " unsafe ",
    "return ",
    "break ",
    "continue;",
    "let _ = ",
    "#[cfg(test)]\n",
    "#[allow(unused)]\n",
    "// unpark: allow(unobserved-task) it is fine\n",
    ";",
    ",",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "|",
    "&",
    "&mut ",
    "*",
    "!",
    "::",
    "'a: ",
    "\"é→𝄞\"",
    "r#\"\"\"#",
    "'\u{301}'",
    "0x_1u8",
    "\u{2028}",
    "\t",
    "macro_rules! m { ($($t:tt)*) => { $($t)* }; }\n",
];

/// Around what a person might have written.
const AROUND: &[(&str, &str)] = &[
    ("(", ")"),
    ("{ ", " }"),
    ("[", "]"),
    ("async { ", " }"),
    ("async move { ", " }"),
    ("unsafe { ", " }"),
    ("loop { ", " }"),
    ("if true { ", " }"),
    ("match ", " { it => it }"),
    ("|| ", ""),
    ("move || { ", " }"),
    ("vec![", "]"),
    ("m!(", ")"),
    ("tokio::spawn(", ")"),
    ("tokio::spawn(async move { ", " });"),
    ("tokio::task::spawn_blocking(move || ", ").await"),
    ("futures::executor::block_on(", ")"),
    ("drop(", ")"),
    ("Some(", ")"),
    ("Ok(", ")?"),
    ("let it = ", ";"),
    ("let _ = ", ";"),
    ("// before\n", " /* after */"),
    ("#[cfg(test)] ", ""),
    ("mod inner { use super::*; ", " }"),
    ("fn inner() { ", " }"),
    ("", ".await"),
    ("", "?"),
    ("", " as u8"),
    ("!", ""),
    ("&*", ""),
    ("-", ""),
];

const NAMES: &[&str] = &[
    "größe",
    "变量",
    "r#async",
    "r#type",
    "_",
    "self",
    "Self",
    "crate",
    "spawn",
    "block_on",
    "spawn_blocking",
    "e",
    "error",
    "it",
    "tokio",
    "std",
    "async",
    "gen",
    "dyn",
    "union",
    "x",
];

const HEADS: &[&str] = &[
    "\u{feff}",
    "#!/usr/bin/env run-cargo-script\n",
    "#![allow(unused)]\n",
    "---\n[dependencies]\n---\n",
    "\u{feff}\u{feff}",
    "\r\n",
    "//! é\r\n",
    "use std::*;\nuse tokio::*;\n",
];

const BYTES: &[u8] = b"\0\x01\t\r\n\x1b\"'\\#$\x7f\x80\xbf\xc3\xe2\xf0\xff";

/// Some mutations, of any kind.
pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    use Kind::*;
    // Those that leave most files sound reach furthest.
    let often = select(vec![
        InsertText, Rename, CopyNode, DeleteNode, SwapNodes, WrapNode, InsertItem,
    ]);
    let seldom = select(vec![
        DeleteToken,
        RepeatToken,
        SwapTokens,
        InsertText,
        ReplaceByText,
        NestNode,
        InsertTokens,
        EndAsOther,
        Truncate,
        CarriageReturns,
        CarriageReturn,
        OddByte,
        Head,
    ]);
    let kind = prop_oneof![3 => often, 1 => seldom];
    let mutation = (kind, any::<Index>(), any::<Index>(), any::<Index>()).prop_map(
        |(kind, place, other, choice)| Mutation {
            kind,
            place,
            other,
            choice,
        },
    );
    prop::collection::vec(mutation, 1..6)
}

impl Mutation {
    /// Does it to a file. `other` is a file to take from. What does not apply does nothing.
    pub fn apply(&self, file: &mut Vec<u8>, other: &str) {
        let Ok(text) = str::from_utf8(file) else {
            return;
        };
        if let Some(text) = self.of_text(text, other) {
            *file = text.into_bytes();
        } else if let Some(bytes) = self.of_bytes(file) {
            *file = bytes;
        }
    }

    fn of_text(&self, text: &str, other: &str) -> Option<String> {
        let tokens = LexedStr::new(Edition::CURRENT, text);
        let a_token = |index: &Index| {
            (!tokens.is_empty()).then(|| tokens.text_range(index.index(tokens.len())))
        };
        let replaced = |range: Range<usize>, with: &str| {
            Some([&text[..range.start], with, &text[range.end..]].concat())
        };
        match self.kind {
            Kind::DeleteToken => replaced(a_token(&self.place)?, ""),
            Kind::RepeatToken => {
                let token = a_token(&self.place)?;
                replaced(token.clone(), &text[token].repeat(2))
            }
            Kind::SwapTokens => swapped(text, a_token(&self.place)?, a_token(&self.other)?),
            Kind::InsertText => {
                let at = a_token(&self.place)?.start;
                replaced(at..at, self.chosen(TEXTS))
            }
            Kind::ReplaceByText => replaced(a_token(&self.place)?, self.chosen(TEXTS)),
            Kind::Rename => {
                let names: Vec<usize> = (0..tokens.len())
                    .filter(|&at| tokens.kind(at) == SyntaxKind::IDENT)
                    .collect();
                let name = (!names.is_empty()).then(|| *self.place.get(&names))?;
                replaced(tokens.text_range(name), self.chosen(NAMES))
            }
            Kind::CopyNode => {
                let (from, to) = self.alike(text)?;
                replaced(to, &text[from])
            }
            Kind::DeleteNode => replaced(self.node(text)?, ""),
            Kind::SwapNodes => {
                let (one, two) = self.alike(text)?;
                swapped(text, one, two)
            }
            Kind::WrapNode => {
                let node = self.node(text)?;
                let &(before, after) = self.choice.get(AROUND);
                replaced(node.clone(), &[before, &text[node], after].concat())
            }
            Kind::NestNode => {
                let node = self.node(text)?;
                let &(before, after) = self.choice.get(AROUND);
                let deep = self.other.index(limits::MAX_NESTING * 2);
                let (before, after) = (before.repeat(deep), after.repeat(deep));
                let nested = [&*before, &text[node.clone()], &*after];
                replaced(node, &nested.concat())
            }
            Kind::InsertItem => {
                let items = |text: &str| -> Vec<Range<usize>> {
                    let nodes = nodes(text).into_iter();
                    nodes
                        .filter(|node| ast::Item::can_cast(node.kind()))
                        .map(|node| node.text_range().into())
                        .collect()
                };
                let (here, there) = (items(text), items(other));
                let at = (!here.is_empty()).then(|| self.place.get(&here).start)?;
                let item = (!there.is_empty()).then(|| self.other.get(&there).clone())?;
                replaced(at..at, &format!("{}\n", &other[item]))
            }
            Kind::InsertTokens => {
                let at = a_token(&self.place)?.start;
                let others = LexedStr::new(Edition::CURRENT, other);
                let first = (!others.is_empty()).then(|| self.other.index(others.len()))?;
                let last = (first + 1 + self.choice.index(40)).min(others.len());
                replaced(at..at, others.range_text(first..last))
            }
            Kind::EndAsOther => {
                let at = a_token(&self.place)?.start;
                let others = LexedStr::new(Edition::CURRENT, other);
                let from = (!others.is_empty()).then(|| self.other.index(others.len()))?;
                Some([&text[..at], &other[others.text_start(from)..]].concat())
            }
            Kind::CarriageReturns => Some(text.replace("\r\n", "\n").replace('\n', "\r\n")),
            Kind::CarriageReturn => {
                let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
                let at = (!ends.is_empty()).then(|| *self.place.get(&ends))?;
                replaced(at..at, "\r")
            }
            Kind::Head => Some([self.chosen(HEADS), text].concat()),
            Kind::Truncate | Kind::OddByte => None,
        }
    }

    fn of_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let at = (!bytes.is_empty()).then(|| self.place.index(bytes.len()))?;
        match self.kind {
            Kind::Truncate => Some(bytes[..at].to_vec()),
            Kind::OddByte => {
                let byte = self.choice.get(BYTES);
                Some([&bytes[..at], std::slice::from_ref(byte), &bytes[at..]].concat())
            }
            _ => None,
        }
    }

    fn chosen(&self, texts: &'static [&'static str]) -> &'static str {
        self.choice.get::<&str>(texts)
    }

    /// One of the places that a person thinks in.
    fn node(&self, text: &str) -> Option<Range<usize>> {
        let nodes = nodes(text);
        let node = (!nodes.is_empty()).then(|| self.place.get(&nodes))?;
        Some(node.text_range().into())
    }

    /// Two of them of one kind.
    fn alike(&self, text: &str) -> Option<(Range<usize>, Range<usize>)> {
        let nodes = nodes(text);
        let one = (!nodes.is_empty()).then(|| self.place.get(&nodes))?;
        let is_alike = |node: &&SyntaxNode| group(node) == group(one);
        let alike: Vec<&SyntaxNode> = nodes.iter().filter(is_alike).collect();
        let two = self.other.get(&alike);
        Some((one.text_range().into(), two.text_range().into()))
    }
}

fn swapped(text: &str, one: Range<usize>, two: Range<usize>) -> Option<String> {
    let (one, two) = if one.start <= two.start {
        (one, two)
    } else {
        (two, one)
    };
    (one.end <= two.start).then(|| {
        let parts = [
            &text[..one.start],
            &text[two.clone()],
            &text[one.end..two.start],
            &text[one],
            &text[two.end..],
        ];
        parts.concat()
    })
}

/// Expressions, statements, items, patterns and types of a text that may be parsed.
fn nodes(text: &str) -> Vec<SyntaxNode> {
    if limits::of_text(text).is_some() {
        return Vec::new();
    }
    let tokens = LexedStr::new(Edition::CURRENT, text);
    let Ok(tree) = tree::of_tokens(&tokens, Edition::CURRENT) else {
        return Vec::new();
    };
    let all = tree.parse.tree();
    let nodes = all.syntax().descendants();
    nodes.filter(|node| group(node).is_some()).collect()
}

/// Nodes of one group may stand in for each other.
fn group(node: &SyntaxNode) -> Option<usize> {
    let kind = node.kind();
    [
        ast::Expr::can_cast(kind),
        ast::Stmt::can_cast(kind) || ast::Item::can_cast(kind),
        ast::Pat::can_cast(kind),
        ast::Type::can_cast(kind),
    ]
    .into_iter()
    .position(|it| it)
}
