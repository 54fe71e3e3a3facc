//! Readings of a station, and what can be done with them.

pub mod sink;
pub mod util;

use std::fmt;
use std::io;

#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub station: String,
    pub celsius: i32,
}

#[derive(Debug)]
pub enum FeedError {
    Syntax(String),
    Io(io::Error),
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(line) => write!(f, "not a reading: {line:?}"),
            Self::Io(error) => write!(f, "the connection failed: {error}"),
        }
    }
}

impl std::error::Error for FeedError {}

impl From<io::Error> for FeedError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads `station celsius`.
pub fn parse(line: &str) -> Result<Reading, FeedError> {
    let syntax = || FeedError::Syntax(line.to_owned());
    let (station, celsius) = line.split_once(' ').ok_or_else(syntax)?;
    Ok(Reading {
        station: station.to_owned(),
        celsius: celsius.trim().parse().map_err(|_| syntax())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line() {
        let reading = parse("north -3\n").unwrap();
        assert_eq!((&*reading.station, reading.celsius), ("north", -3));
        assert_eq!(
            parse("north").unwrap_err().to_string(),
            r#"not a reading: "north""#
        );
    }
}
