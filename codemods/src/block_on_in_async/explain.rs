//! Why functions become async, or do not, in words.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use super::seed::Seed;
use crate::{
    analysis::{
        functions::FunctionKey,
        in_place::Trust,
        propagation::{Decision, Fate, Root},
        reach::Graph,
        sites::{Caller, Site},
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
    /// What becomes async.
    pub decision: &'a Decision,
}

impl Chains<'_> {
    fn name(&self, key: FunctionKey) -> &str {
        self.graph.nodes[&key].name()
    }

    /// The calls that come to a seed, from the async code down, and their names in one sentence.
    pub fn way(&self, seed: &Seed) -> (Vec<Note>, String) {
        let way = self.graph.way(seed.function.unit);
        let mut names: Vec<String> = Vec::new();
        let mut notes = Vec::new();
        for site in way.iter().rev() {
            let caller = caller_name(site);
            let callee = self.name(site.of);
            if names.is_empty() {
                names.push(format!("`{caller}`"));
            }
            names.push(format!("`{callee}`"));
            notes.push(Note {
                place: Some((site.file, site.range)),
                message: format!("`{caller}` calls `{callee}`"),
            });
        }
        let start = names.first().cloned().unwrap_or_default();
        let through = names.get(1..).unwrap_or_default().join(", ");
        (notes, format!("{start} comes to it through {through}"))
    }

    /// A place for people.
    pub fn place(&self, (file, range): (FileId, TextRange)) -> String {
        self.ws.members.place(file, range.start().into())
    }

    /// Why each function becomes async.
    pub fn functions(&self, root: &Root, seeds: &[Seed], trust: &mut Trust) -> Vec<Note> {
        let mut notes = Vec::new();
        let parts = root.functions.iter().flat_map(|(key, form)| {
            let parts = &self.graph.nodes[key].parts;
            parts.iter().map(move |part| (part, *form))
        });
        for (definition, form) in parts {
            let key = definition.key;
            let name = &definition.name;
            let seed = seeds.iter().find(|seed| seed.function.key == key);
            let called = || {
                root.calls
                    .iter()
                    .find_map(|(site, fate)| match (&site.caller, fate) {
                        (Caller::Function(caller), Fate::Await) if caller.key == key => Some(site),
                        _ => None,
                    })
            };
            let because = match (seed, called()) {
                (Some(seed), _) => {
                    format!("it awaits the future at {}", self.place(seed.place()))
                }
                (None, Some(site)) => {
                    let place = self.place((site.file, site.range));
                    format!("it awaits `{}` at {place}", self.name(site.of))
                }
                (None, None) => match &definition.in_trait {
                    Some(it) => format!("the trait `{}` says so", it.name),
                    None => continue,
                },
            };
            let mut message = format!("`{name}` becomes async because {because}");
            if definition.public {
                message += "; other crates can see it, so this is breaking (F13)";
                trust.lower();
            }
            if let Some(refusal) = &definition.not_send {
                message += &format!("; {} (F15)", refusal.message);
                trust.lower();
            }
            if form.is_sent() {
                message += "; its future has to be `Send`, which only a compiler can tell";
                trust.lower();
            }
            if definition.tracks_caller {
                message += "; its `#[track_caller]` does nothing then (F14)";
                trust.lower();
            }
            notes.push(Note {
                place: Some((key.file, definition.place)),
                message,
            });
        }
        notes
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
                    n => format!(" and {} more", n - 1),
                };
                let is = if names.len() == 1 { "is" } else { "are" };
                Note {
                    place: Some(place),
                    message: format!(
                        "{} {is} driven at the call, {}{more}: {reason} ({code})",
                        names.join(", "),
                        self.place(place)
                    ),
                }
            })
            .collect()
    }

    /// What the change takes.
    pub fn cost(&self, root: &Root) -> String {
        let nodes = || {
            root.functions
                .keys()
                .flat_map(|key| &self.graph.nodes[key].parts)
        };
        let driven = root
            .calls
            .iter()
            .filter(|(_, fate)| matches!(fate, Fate::Bridge(..)))
            .count();
        let files: BTreeSet<FileId> = (root.calls.iter().map(|(site, _)| site.file))
            .chain(nodes().map(|it| it.key.file))
            .collect();
        let packages: BTreeSet<&str> = nodes().map(|it| it.package.as_str()).collect();
        let public = nodes().filter(|it| it.public).count();
        let mut cost = format!(
            "{} of {} in {}: {} awaited",
            count(nodes().count(), "function"),
            count(packages.len(), "package"),
            count(files.len(), "file"),
            count(root.calls.len() - driven, "call"),
        );
        if driven > 0 {
            cost += &format!(", {} driven where they stand", count(driven, "call"));
        }
        if public > 0 {
            cost += &format!(", {}", count(public, "public signature"));
        }
        cost
    }
}

fn caller_name(site: &Site) -> String {
    match &site.caller {
        Caller::Async(code) => code.name.clone(),
        Caller::Function(caller) => caller.name.clone(),
        Caller::Made(name) => name.clone(),
        Caller::Closure(outer) => outer.clone().unwrap_or_else(|| "a closure".to_owned()),
        Caller::Constant => "a constant".to_owned(),
    }
}

fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
