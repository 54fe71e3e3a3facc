//! Why each function becomes async, and what that takes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{explain::Chains, seed::Seed};
use crate::{
    analysis::{
        functions::{Definition, FunctionKey},
        in_place::Trust,
        propagation::{Fate, Form, Root},
        sites::{Caller, Site},
    },
    change::Change,
    codemod::{Conversion, Converted, Cost, Note},
};

/// How far each function of a root is from the nearest future that it comes to await.
type Distances = BTreeMap<FunctionKey, usize>;

impl Chains<'_> {
    /// What becomes async with a root, and what it takes.
    pub fn conversion(
        &self,
        root: &Root,
        seeds: &[Seed],
        change: &Change,
        trust: &mut Trust,
    ) -> Conversion {
        let distances = distances(root, seeds);
        let nodes = root.functions.iter();
        let parts: Vec<(&Definition, Form)> = nodes
            .flat_map(|(key, form)| {
                let parts = &self.graph.nodes[key].parts;
                parts.iter().map(move |part| (part, *form))
            })
            .collect();
        let functions = parts.iter().map(|&(part, form)| Converted {
            path: part.path.clone(),
            place: (part.key.file, part.place),
            becomes: self.becomes(part),
            because: self.because(part, root, seeds, &distances),
            remarks: remarks(part, form, root, trust),
        });
        let functions = functions.collect();
        let files: BTreeSet<_> = change.edits.iter().map(|edit| edit.file).collect();
        let packages: BTreeSet<&str> = parts.iter().map(|(it, _)| it.package.as_str()).collect();
        let seen = parts.iter().filter(|(part, _)| part.public).count();
        let calls = |of: fn(&Fate) -> bool| root.calls.iter().filter(|(_, fate)| of(fate)).count();
        let cost = Cost {
            files: files.len(),
            packages: packages.len(),
            public_signatures: seen - root.kept.len(),
            kept_signatures: root.kept.len(),
            calls_awaited: calls(|fate| matches!(fate, Fate::Await)),
            calls_driven: calls(|fate| matches!(fate, Fate::Bridge(..))),
        };
        Conversion { functions, cost }
    }

    fn becomes(&self, part: &Definition) -> String {
        let name = &part.name;
        match self.twins.get(part.unit).map(Result::as_ref) {
            Some(Ok(twin)) => format!(
                "`{name}` keeps its signature, and drives the new `{}`, which is async",
                twin.name
            ),
            _ => format!("`{name}` becomes async"),
        }
    }

    /// The places from a function down to the nearest future that it comes to await.
    fn because(
        &self,
        part: &Definition,
        root: &Root,
        seeds: &[Seed],
        distances: &Distances,
    ) -> Vec<Note> {
        let mut chain = Vec::new();
        let mut at = Some(part);
        while let Some(part) = at {
            let verb = match chain.is_empty() {
                true => "it awaits",
                false => "which awaits",
            };
            let own = |seed: &&Seed| seed.function.key == part.key;
            if let Some(seed) = seeds.iter().find(own) {
                chain.push(Note::at(Some(seed.place()), format!("{verb} the future")));
                break;
            }
            let awaited = awaited_in(part, root);
            let Some(site) =
                awaited.min_by_key(|site| (distances.get(&site.of), site.range.start()))
            else {
                chain.extend(part.in_trait.iter().map(|it| {
                    Note::at(
                        self.declaration(part.unit),
                        format!("the trait `{}` says so", it.name),
                    )
                }));
                break;
            };
            chain.push(Note::at(
                Some((site.file, site.range)),
                format!("{verb} `{}`", self.name(site.of)),
            ));
            at = self.nearest(site, root, seeds, distances);
        }
        chain
    }

    /// The function that a call leads on through: of a trait, the one that is the nearest to a future.
    fn nearest(
        &self,
        site: &Site,
        root: &Root,
        seeds: &[Seed],
        distances: &Distances,
    ) -> Option<&Definition> {
        let distance = distances.get(&site.of)?;
        self.graph.nodes[&site.of].parts.iter().find(|part| {
            let has_seed = seeds.iter().any(|seed| seed.function.key == part.key);
            let nearer = |site: &Site| distances.get(&site.of).is_some_and(|it| it < distance);
            has_seed || awaited_in(part, root).any(nearer)
        })
    }
}

/// The calls in a function that will be awaited.
fn awaited_in<'r>(part: &Definition, root: &'r Root) -> impl Iterator<Item = &'r Site> {
    let key = part.key;
    root.calls
        .iter()
        .filter_map(move |(site, fate)| match (&site.caller, fate) {
            (Caller::Function(caller), Fate::Await) if caller.key == key => Some(site),
            _ => None,
        })
}

fn distances(root: &Root, seeds: &[Seed]) -> Distances {
    let mut distances: Distances = seeds.iter().map(|seed| (seed.function.unit, 0)).collect();
    let mut open: VecDeque<FunctionKey> = distances.keys().copied().collect();
    while let Some(callee) = open.pop_front() {
        let distance = distances[&callee] + 1;
        for (site, fate) in &root.calls {
            if let (Caller::Function(caller), Fate::Await) = (&site.caller, fate)
                && site.of == callee
                && !distances.contains_key(&caller.unit)
            {
                distances.insert(caller.unit, distance);
                open.push_back(caller.unit);
            }
        }
    }
    distances
}

/// What a caller can see of it.
fn remarks(part: &Definition, form: Form, root: &Root, trust: &mut Trust) -> Vec<String> {
    let mut remarks = Vec::new();
    let kept = root.kept.get(&part.unit);
    if kept.is_some() {
        trust.lower();
    }
    if kept.is_some_and(|bridge| bridge.alone) {
        remarks.push("it needs a runtime from its start then".to_owned());
    }
    if part.public && kept.is_none() {
        remarks.push("other crates can see it, so this is breaking (F13)".to_owned());
    }
    if let Some(refusal) = &part.not_send {
        remarks.push(format!("{} (F15)", refusal.message));
    }
    if form.is_sent() {
        remarks.push("its future has to be `Send`, which only a compiler can tell".to_owned());
    }
    if part.tracks_caller {
        remarks.push("its `#[track_caller]` does nothing then (F14)".to_owned());
    }
    if !remarks.is_empty() {
        trust.lower();
    }
    remarks
}
