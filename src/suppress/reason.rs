//! Why a comment allows what was found.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One line, and not an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(words: &str) -> Result<Reason, String> {
        let words = words.trim();
        if words.is_empty() {
            return Err("a comment that allows something has to say why".to_owned());
        }
        if words.contains(['\n', '\r']) {
            return Err("the reason has to be one line".to_owned());
        }
        Ok(Reason(words.to_owned()))
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(words: String) -> Result<Reason, String> {
        words.parse()
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> String {
        reason.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_line() {
        let read = |words: &str| words.parse::<Reason>().map(String::from);
        assert_eq!(read(" legacy "), Ok("legacy".to_owned()));
        assert!(read(" ").is_err());
        assert!(read("two\nlines").is_err());
    }
}
