//! What code of a package needs of its manifest, written there.

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{TextRange, TextSize};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use crate::{change::Edit, facts::DependencyKind};

/// The manifest of a package, which may be edited.
#[derive(Debug, Clone, Copy)]
pub struct Manifest<'a> {
    /// Its place among the files of a change.
    pub file: FileId,
    /// Its text in this round.
    pub text: &'a str,
}

impl Manifest<'_> {
    /// Where all of its text is.
    pub fn all(&self) -> TextRange {
        TextRange::up_to(TextSize::of(self.text))
    }

    /// The edit after which a declared dependency, by its name in the manifest or that of its package,
    /// has a feature; an empty one where it has it. `None` where it does not stand in the section, or in
    /// a form that is not known.
    ///
    /// See <https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>.
    pub fn with_feature(&self, kind: DependencyKind, package: &str, feature: &str) -> Option<Edit> {
        // The parser would take the line ends of Windows for those of Unix.
        let text = Some(self.text).filter(|it| !it.contains('\r'))?;
        let mut document: DocumentMut = text.parse().ok()?;
        let section = match kind {
            DependencyKind::Normal => "dependencies",
            DependencyKind::Dev => "dev-dependencies",
            DependencyKind::Build => "build-dependencies",
        };
        let section = document.get_mut(section)?.as_table_like_mut()?;
        let is_it = |(name, item): (&str, &Item)| {
            let renamed = item.get("package").and_then(Item::as_str);
            (renamed.unwrap_or(name) == package).then(|| name.to_owned())
        };
        let name = section.iter().find_map(is_it)?;
        let dependency = section.get_mut(&name)?;
        if let Item::Value(Value::String(version)) = dependency {
            let mut table = InlineTable::new();
            table.insert("version", version.value().as_str().into());
            *table.decor_mut() = version.decor().clone();
            *dependency = Item::Value(Value::InlineTable(table));
        }
        add(dependency.as_table_like_mut()?, feature)?;
        if let Item::Value(Value::InlineTable(table)) = dependency {
            close(table);
        }
        let mut after = document.to_string();
        if !self.text.ends_with('\n') {
            after.truncate(after.trim_end_matches('\n').len());
        }
        Some(self.difference(&after))
    }

    /// The one edit between the text and another.
    fn difference(&self, after: &str) -> Edit {
        let before = self.text;
        let same = |(a, b): &(char, char)| a == b;
        let head = before.chars().zip(after.chars()).take_while(same);
        let head: usize = head.map(|(it, _)| it.len_utf8()).sum();
        let (before, after) = (&before[head..], &after[head..]);
        let tail = before
            .chars()
            .rev()
            .zip(after.chars().rev())
            .take_while(same);
        let tail: usize = tail.map(|(it, _)| it.len_utf8()).sum();
        let size = |at: usize| TextSize::try_from(at).expect("files are below 4 GiB");
        Edit {
            file: self.file,
            range: TextRange::at(size(head), size(before.len() - tail)),
            text: after[..after.len() - tail].to_owned(),
        }
    }
}

/// Adds a feature to those that a dependency asks for.
fn add(dependency: &mut dyn TableLike, feature: &str) -> Option<()> {
    let features = dependency
        .entry("features")
        .or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let features = features.as_array_mut()?;
    if !features.iter().any(|it| it.as_str() == Some(feature)) {
        let last = features
            .iter()
            .last()
            .and_then(|it| it.decor().prefix()?.as_str());
        // On a line of its own, if the last one is.
        let line = last.and_then(|it| it.rsplit_once('\n'));
        let line = line.map(|(_, indent)| format!("\n{indent}"));
        match line {
            Some(prefix) => features.push_formatted(Value::from(feature).decorated(prefix, "")),
            None => features.push(feature),
        }
    }
    Some(())
}

/// Moves the space before the closing brace behind what is now the last value.
fn close(table: &mut InlineTable) {
    let space = |value: &Value| Some(value.decor().suffix()?.as_str()?.to_owned());
    let mut values: Vec<&mut Value> = table.iter_mut().map(|(_, value)| value).collect();
    if let [.., before, last] = &mut values[..]
        && let Some(suffix) = space(before)
        && space(last).is_none_or(|it| it.is_empty())
    {
        before.decor_mut().set_suffix("");
        last.decor_mut().set_suffix(suffix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change;

    fn with(text: &str, feature: &str) -> Option<String> {
        let file = FileId::from_raw(0);
        let edit =
            Manifest { file, text }.with_feature(DependencyKind::Normal, "tokio", feature)?;
        Some(change::apply(text, &[edit]))
    }

    #[test]
    fn a_feature_is_added_in_the_form_that_is_there() {
        let cases = [
            (
                "[dependencies]\ntokio = \"1\" # that one\nlog = \"0.4\"\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\"fs\"] } # that one\nlog = \"0.4\"\n",
            ),
            (
                "[dependencies]\ntokio = { version = \"1\", features = [\"rt\"] }\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\"rt\", \"fs\"] }\n",
            ),
            (
                "[dependencies]\ntokio = { version = \"1\", features = [\n    # both\n    \"rt\",\n    \"time\",\n] }\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\n    # both\n    \"rt\",\n    \"time\",\n    \"fs\",\n] }\n",
            ),
            (
                "[dependencies.tokio]\nversion = \"1\"\nfeatures = []\n\n[features]\n",
                "[dependencies.tokio]\nversion = \"1\"\nfeatures = [\"fs\"]\n\n[features]\n",
            ),
            (
                "[dependencies]\ntokio.workspace = true\n",
                "[dependencies]\ntokio.workspace = true\ntokio.features = [\"fs\"]\n",
            ),
            (
                "[dependencies]\ntokio = { path = \"../tokio\" }\n",
                "[dependencies]\ntokio = { path = \"../tokio\", features = [\"fs\"] }\n",
            ),
            (
                "[dependencies]\nrt = { package = \"tokio\", version = \"1\" }\n",
                "[dependencies]\nrt = { package = \"tokio\", version = \"1\", features = [\"fs\"] }\n",
            ),
            (
                "[dependencies]\ntokio = { version = \"1\", features = [\"fs\"] }",
                "[dependencies]\ntokio = { version = \"1\", features = [\"fs\"] }",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(with(before, "fs").as_deref(), Some(after));
        }
    }

    #[test]
    fn what_is_not_there_gets_none() {
        for text in [
            "[dev-dependencies]\ntokio = \"1\"\n",
            "[dependencies]\ntokio-util = \"1\"\n",
            "[dependencies]\ntokio = 1\n",
            "[dependencies\n",
            "[dependencies]\r\ntokio = \"1\"\r\n",
        ] {
            assert_eq!(with(text, "fs"), None);
        }
    }
}
