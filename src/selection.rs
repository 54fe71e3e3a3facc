//! What a review accepted, as a file: `--selection FILE` makes these changes and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::suppress::Reason;

/// The newest form of the file that is understood.
const SCHEMA: u32 = 1;

/// Where one comes from.
pub const HELP: &str = "help: a page of `--report html=FILE` exports one, and `unpark review` keeps \
                        one";

/// The answers of a review. Changes are named by the ids of their findings, which are stable against
/// line moves: what was accepted is looked for again, and no edit is taken from the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The form of the file.
    pub schema: u32,
    /// The flags of the run that was reviewed, but for its paths.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The ids of what was accepted.
    pub accepted: BTreeSet<String>,
    /// The ids of what was rejected; what is in no list was not answered.
    #[serde(default)]
    pub rejected: BTreeSet<String>,
    /// The ids of what a comment is to allow from now on, with the reason that it gives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suppressed: BTreeMap<String, Reason>,
}

impl Selection {
    /// The answers to a run with these flags.
    pub fn new(arguments: Vec<String>) -> Selection {
        Selection {
            schema: SCHEMA,
            arguments,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            suppressed: BTreeMap::new(),
        }
    }

    /// How many answers there are.
    pub fn answers(&self) -> usize {
        self.accepted.len() + self.rejected.len() + self.suppressed.len()
    }

    /// Whether no answer asks for something to be written.
    pub fn writes_nothing(&self) -> bool {
        self.accepted.is_empty() && self.suppressed.is_empty()
    }

    /// Reads a selection.
    ///
    /// # Errors
    /// If it can't be read, is no selection, or is one of a newer unpark.
    pub fn read(path: &Path) -> Result<Selection> {
        let shown = path.display();
        let text =
            fs::read_to_string(path).with_context(|| format!("can't read {shown}\n{HELP}"))?;
        let selection: Selection = serde_json::from_str(&text)
            .with_context(|| format!("{shown} is not a selection\n{HELP}"))?;
        if selection.schema > SCHEMA {
            bail!(
                "{shown} has the schema {}, and this unpark reads up to {SCHEMA}\nhelp: use the \
                 unpark that wrote it, or a newer one",
                selection.schema
            );
        }
        let Selection {
            accepted,
            rejected,
            suppressed,
            ..
        } = &selection;
        let mut known = BTreeSet::new();
        let mut answers = accepted.iter().chain(rejected).chain(suppressed.keys());
        if let Some(id) = answers.find(|&id| !known.insert(id)) {
            bail!("{shown} has two answers for {id}\n{HELP}");
        }
        Ok(selection)
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("it is plain data");
        text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("selection.json");
        let mut selection = Selection::new(vec!["--unsafe-fixes".to_owned()]);
        selection.accepted.insert("1a".to_owned());
        selection.rejected.insert("2b".to_owned());
        fs::write(&path, selection.to_text()).unwrap();
        assert_eq!(Selection::read(&path).unwrap(), selection);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("selection.json");
        let error = |text: Option<&str>| {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let error = Selection::read(&path).unwrap_err();
            format!("{error:#}").replace(&path.display().to_string(), "FILE")
        };
        let lines = |text: String| text.lines().next().unwrap().to_owned();
        assert_eq!(lines(error(None)), "can't read FILE");
        assert_eq!(lines(error(Some("{}"))), "FILE is not a selection");
        let newer = error(Some(r#"{"schema": 2, "accepted": []}"#));
        assert_eq!(
            lines(newer),
            "FILE has the schema 2, and this unpark reads up to 1"
        );
        let twice = error(Some(
            r#"{"schema": 1, "accepted": ["a"], "rejected": ["b"], "suppressed": {"a": "x"}}"#,
        ));
        assert_eq!(lines(twice), "FILE has two answers for a");
    }
}
