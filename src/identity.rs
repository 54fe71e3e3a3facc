//! What makes a finding the same one in the next run, even if lines have moved.

use std::path::Path;

use ra_ap_syntax::{
    AstNode, SourceFile, TextRange,
    ast::{self, HasName},
};
use sha2::{Digest, Sha256};
use unpark_codemods::context::tokens_of;

/// The code of a place, without its layout, and the function around it.
pub fn anchor(file: &SourceFile, range: TextRange) -> String {
    let node = match file.syntax().covering_element(range) {
        ra_ap_syntax::NodeOrToken::Node(node) => Some(node),
        ra_ap_syntax::NodeOrToken::Token(token) => token.parent(),
    };
    let Some(node) = node else {
        return String::new();
    };
    let function = node
        .ancestors()
        .find_map(ast::Fn::cast)
        .and_then(|function| Some(function.name()?.text().to_string()))
        .unwrap_or_default();
    format!("{function}\n{}", tokens_of(&node))
}

/// The id of the `ordinal`-th place with this anchor in a file.
pub fn of(codemod: &str, path: &Path, anchor: &str, ordinal: usize) -> String {
    let mut hasher = Sha256::new();
    for part in [codemod, &path.to_string_lossy().replace('\\', "/"), anchor] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.update(ordinal.to_le_bytes());
    hex(&hasher.finalize()[..8])
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
