//! Why functions become async, or do not, in words.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use super::seed::Seed;
use crate::{
    analysis::{
        closures::Wrap,
        functions::FunctionKey,
        own_combinators::OwnCombinators,
        propagation::{Decision, Fate, Root},
        reach::Graph,
        sites::Site,
        twin::Twins,
    },
    codemod::Note,
    workspace::WorkspaceContext,
};

/// The graph and what was decided over it.
pub struct Chains<'a> {
    /// The workspace.
    pub ws: &'a WorkspaceContext<'a>,
    /// Who calls whom.
    pub graph: &'a Graph,
    /// What keeps its signature.
    pub twins: &'a Twins,
    /// What becomes async.
    pub decision: &'a Decision,
    /// The functions that call a closure there and then.
    pub own: &'a OwnCombinators,
}

impl Chains<'_> {
    /// The name of a function.
    pub fn name(&self, key: FunctionKey) -> &str {
        self.graph.nodes[&key].name()
    }

    /// The calls that come to a seed, from the async code down, and what it does to that.
    pub fn way(&self, seed: &Seed) -> (Vec<Note>, String) {
        let way = self.graph.way_in_words(seed.function.unit);
        let own = format!("`{}`", self.name(seed.function.unit));
        let start = way.names.first().cloned().unwrap_or(own);
        let through = way.through();
        let message = match way.is_async {
            true => {
                let does = seed.message(way.flavor);
                format!("{does}; {start} comes to it through {through}")
            }
            // No async code: it was asked for.
            false if through.is_empty() => {
                format!("{}, and {start} is to await it", seed.drives())
            }
            false => format!(
                "{}, and {start} is to await it through {through}",
                seed.drives()
            ),
        };
        (way.notes, message)
    }

    /// A place for people.
    pub fn place(&self, (file, range): (FileId, TextRange)) -> String {
        self.ws.members.place(file, range.start().into())
    }

    /// The declaration of a function of a trait.
    pub fn declaration(&self, unit: FunctionKey) -> Option<(FileId, TextRange)> {
        let (part, _) = self.graph.nodes[&unit].declaration()?;
        Some((part.key.file, part.place))
    }

    /// The calls whose future is boxed.
    pub fn boxed(&self, root: &Root, wraps: &BTreeMap<FileId, Vec<Wrap>>) -> Vec<Note> {
        let calls = root.calls.iter().filter(|(site, _)| {
            let mut wraps = wraps.get(&site.file).into_iter().flatten();
            wraps.any(|it| it.range == site.range && it.is_boxed)
        });
        calls
            .map(|(site, _)| {
                let place = (site.file, site.range);
                let name = self.name(site.of);
                Note::at(
                    Some(place),
                    format!("`{name}` leads back to itself, and is boxed here (F10)"),
                )
            })
            .collect()
    }

    /// The functions that lose a parameter.
    pub fn without_runtime(&self, root: &Root) -> Vec<Note> {
        let keys = root.without_runtime.iter();
        let parts = keys.flat_map(|key| &self.graph.nodes[key].parts);
        parts
            .filter_map(|part| {
                let (name, runtime) = (&part.name, &part.runtime.as_ref()?.name);
                Some(Note::at(
                    Some((part.key.file, part.place)),
                    format!("`{name}` needs no `{runtime}` any more: it runs on what drives it"),
                ))
            })
            .collect()
    }

    /// The calls that are driven where they stand, by the reason.
    pub fn bridges(&self, root: &Root) -> Vec<Note> {
        let mut by_reason: BTreeMap<(&str, &str), Vec<&Site>> = BTreeMap::new();
        for (site, fate) in &root.calls {
            if let Fate::Bridge(_, refusal) = fate {
                let key = (refusal.kind.code(), refusal.message.as_str());
                by_reason.entry(key).or_default().push(site);
            }
        }
        by_reason
            .into_iter()
            .map(|((code, reason), sites)| {
                let names: BTreeSet<String> = sites
                    .iter()
                    .map(|site| format!("`{}`", self.name(site.of)))
                    .collect();
                let names: Vec<String> = names.into_iter().collect();
                let place = (sites[0].file, sites[0].range);
                let more = match sites.len() {
                    1 => String::new(),
                    n => format!(", and at {} more", n - 1),
                };
                let is = if names.len() == 1 { "is" } else { "are" };
                Note::at(
                    Some(place),
                    format!(
                        "{} {is} driven at the call{more}: {reason} ({code})",
                        names.join(", ")
                    ),
                )
            })
            .collect()
    }
}
