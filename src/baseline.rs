//! `unpark.baseline.json`: the findings that a team lives with for now, beside the workspace's
//! Cargo.toml. One stands on each line, so that version control shows what comes and goes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::identity::kind_of;

/// Its name.
pub const FILE: &str = "unpark.baseline.json";

/// The version of its form.
const SCHEMA: u32 = 1;

/// The findings that are left as they are, for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<String, Entry>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Its file, from the folder of the workspace on, with `/`.
    pub path: String,
    /// The name of the codemod.
    pub codemod: String,
    /// What was found, for people.
    pub message: String,
    /// See [`crate::identity`].
    pub id: String,
}

/// Only what tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    schema: u32,
}

#[derive(Deserialize)]
struct Form {
    findings: Vec<Entry>,
}

impl Baseline {
    /// Reads that of a workspace, if there is one.
    ///
    /// # Errors
    /// If it can't be read, or is of a newer form.
    pub fn load(root: &Path) -> Result<Option<Baseline>> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("can't read {}", path.display())),
        };
        Baseline::read(&text)
            .with_context(|| format!("can't read {}", path.display()))
            .map(Some)
    }

    fn read(text: &str) -> Result<Baseline> {
        let anew = "write it anew with `unpark --write-baseline`";
        let said = |error: serde_json::Error| {
            anyhow::anyhow!("{error}\nhelp: take it from version control again, or {anew}")
        };
        let Head { schema } = serde_json::from_str(text).map_err(said)?;
        if schema > SCHEMA {
            bail!(
                "a newer unpark wrote it: its schema is {schema}, and this one knows up to {SCHEMA}\n\
                 help: update unpark, or {anew}"
            );
        }
        let Form { findings } = serde_json::from_str(text).map_err(said)?;
        Ok(findings.into_iter().collect())
    }

    /// Whether it has a finding.
    pub fn holds(&self, id: &str) -> bool {
        self.entries.contains_key(id)
    }

    /// The findings, by their ids in the order of their places, that it has, each with the entry that
    /// speaks of it. Of places that are alike, one that was mended changes the ids of those behind it:
    /// where an entry is left over, it is of the first that has none.
    pub fn pairs<'f>(&self, found: &[&'f str]) -> BTreeMap<&'f str, &Entry> {
        let exact = found
            .iter()
            .filter_map(|&id| Some((id, self.entries.get(id)?)));
        let mut pairs: BTreeMap<&str, &Entry> = exact.collect();
        let mut left: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries.values().rev() {
            if !pairs.contains_key(entry.id.as_str()) {
                left.entry(kind_of(&entry.id)).or_default().push(entry);
            }
        }
        for &id in found {
            if !pairs.contains_key(id)
                && let Some(entry) = left.get_mut(kind_of(id)).and_then(Vec::pop)
            {
                pairs.insert(id, entry);
            }
        }
        pairs
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All of them.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The file.
    fn text(&self) -> String {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort();
        let lines = entries.into_iter().map(|entry| {
            let entry = serde_json::to_string(entry).expect("it is plain text");
            format!("\n    {entry}")
        });
        let lines: Vec<String> = lines.collect();
        let end = if lines.is_empty() { "" } else { "\n  " };
        let findings = lines.join(",");
        format!("{{\n  \"schema\": {SCHEMA},\n  \"findings\": [{findings}{end}]\n}}\n")
    }
}

impl FromIterator<Entry> for Baseline {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Baseline {
        let entries = entries.into_iter();
        Baseline {
            entries: entries.map(|entry| (entry.id.clone(), entry)).collect(),
        }
    }
}

/// What a run makes of the baseline of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The file.
    pub path: PathBuf,
    /// How many findings it had.
    pub recorded: usize,
    /// How many of them are not found any more.
    pub gone: usize,
    /// What it is to have, if that was asked for.
    pub becomes: Option<Baseline>,
}

impl Use {
    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self) -> Result<()> {
        let Some(baseline) = &self.becomes else {
            return Ok(());
        };
        let text = baseline.text();
        if fs::read(&self.path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let mut file = NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            set_mode(&file, &self.path)?;
            file.persist(&self.path)?;
            Ok(())
        };
        write().with_context(|| format!("can't write {}", self.path.display()))
    }
}

/// A temporary file is for its owner alone; this one is for everybody, or as it was.
fn set_mode(file: &NamedTempFile, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let old = fs::metadata(path).map(|metadata| metadata.permissions());
        let mode = old.unwrap_or_else(|_| fs::Permissions::from_mode(0o644));
        file.as_file().set_permissions(mode)?;
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, id: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            codemod: "fake-async".to_owned(),
            message: "it \"waits\" for nothing".to_owned(),
            id: id.to_owned(),
        }
    }

    #[test]
    fn one_finding_is_one_line() {
        let both: Baseline = [entry("src/b.rs", "1"), entry("src/a.rs", "2")]
            .into_iter()
            .collect();
        let text = both.text();
        assert_eq!(
            text,
            "{\n  \"schema\": 1,\n  \"findings\": [\n    \
             {\"path\":\"src/a.rs\",\"codemod\":\"fake-async\",\
             \"message\":\"it \\\"waits\\\" for nothing\",\"id\":\"2\"},\n    \
             {\"path\":\"src/b.rs\",\"codemod\":\"fake-async\",\
             \"message\":\"it \\\"waits\\\" for nothing\",\"id\":\"1\"}\n  ]\n}\n"
        );
        assert_eq!(Baseline::read(&text).unwrap(), both);
        let none = Baseline::default();
        assert_eq!(none.text(), "{\n  \"schema\": 1,\n  \"findings\": []\n}\n");
        assert_eq!(Baseline::read(&none.text()).unwrap(), none);
    }

    #[test]
    fn of_places_that_are_alike_their_number_counts() {
        let id = |ordinal| crate::identity::of("a", Path::new("b"), "c", ordinal);
        let ids: Vec<String> = (0..3).map(id).collect();
        let found: Vec<&str> = ids.iter().map(String::as_str).collect();
        let of = |recorded: &[&str]| -> Baseline {
            recorded.iter().map(|id| entry("src/a.rs", id)).collect()
        };
        let pairs = |recorded: &[&str], found: &[&str]| -> Vec<String> {
            let baseline = of(recorded);
            let pairs = baseline.pairs(found).into_iter();
            pairs
                .map(|(id, entry)| format!("{id} {}", entry.id))
                .collect()
        };
        let pair = |finding: usize, entry: usize| format!("{} {}", found[finding], found[entry]);
        assert_eq!(pairs(&found[1..], &found), [pair(1, 1), pair(2, 2)]);
        // The first one was mended.
        assert_eq!(pairs(&found[1..], &found[..2]), [pair(0, 2), pair(1, 1)]);
        assert_eq!(pairs(&found[2..], &found[..1]), [pair(0, 2)]);
        assert_eq!(pairs(&found[..1], &found), [pair(0, 0)]);
        assert_eq!(pairs(&["another"], &found), [""; 0]);
    }

    #[test]
    fn what_can_t_be_read_says_what_to_do() {
        let error = |text: &str| format!("{:#}", Baseline::read(text).unwrap_err());
        for text in [
            "",
            "<<<<<<< ours\n{}",
            "{\"findings\": []}",
            "{\"schema\": 1, \"findings\": [1]}",
        ] {
            let error = error(text);
            assert!(
                error.contains("help: take it from version control again"),
                "{error}"
            );
        }
        // Whatever else a newer form has.
        let error = error("{\"schema\": 2, \"rows\": 1}");
        assert!(error.contains("its schema is 2") && error.contains("help: update unpark"));
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let wanted: Baseline = [entry("src/a.rs", "1")].into_iter().collect();
        let mut it = Use {
            path: path.clone(),
            recorded: 0,
            gone: 0,
            becomes: None,
        };
        it.write().unwrap();
        assert_eq!(Baseline::load(folder.path()).unwrap(), None);
        it.becomes = Some(wanted.clone());
        it.write().unwrap();
        assert_eq!(Baseline::load(folder.path()).unwrap(), Some(wanted));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        it.path = folder.path().join("nowhere").join(FILE);
        assert!(it.write().is_err());
    }
}
