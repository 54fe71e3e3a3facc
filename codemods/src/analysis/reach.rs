//! Who calls whom, backward from the functions that drive a future, as far as it matters.

use std::collections::{BTreeMap, VecDeque};

use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::TextRange;

use super::{
    functions::{Definition, FunctionKey},
    occurrences::{Occurrence, Sought, What, census},
    sites::{Caller, Drivers, Site},
};
use crate::{refusal::Refusal, workspace::WorkspaceContext};

/// The part of the call graph that leads to the seeds.
#[derive(Debug, Default)]
pub struct Graph {
    /// Every function that calls its way to a seed.
    pub nodes: BTreeMap<FunctionKey, Node>,
}

/// A function, and all that is known of who names it.
#[derive(Debug)]
pub struct Node {
    /// The function.
    pub definition: Definition,
    /// Its calls.
    pub sites: Vec<Site>,
    /// The places in `use` items that name it.
    pub imports: Vec<(FileId, TextRange)>,
    /// The first place that its change could not account for.
    pub stuck: Option<(FileId, TextRange, Refusal)>,
    /// The call on the shortest way from async code.
    pub reached: Option<usize>,
}

impl Graph {
    /// Looks for callers, and the callers of those.
    pub fn backward(ws: &WorkspaceContext<'_>, seeds: Vec<Definition>, drivers: &Drivers) -> Graph {
        let mut graph = Graph::default();
        let mut open = seeds;
        while !open.is_empty() {
            let mut sought = Vec::new();
            for definition in open.drain(..) {
                if !graph.nodes.contains_key(&definition.key) {
                    if !definition.uncalled {
                        sought.push(Sought::new(&definition, None));
                    }
                    graph.add(definition);
                }
            }
            let mut known: FxHashSet<(FunctionKey, String)> = FxHashSet::default();
            while !sought.is_empty() {
                let found = census(ws, &sought, drivers);
                sought.clear();
                for occurrence in found {
                    let Some(alias) = graph.note(occurrence, &mut open) else {
                        continue;
                    };
                    if known.insert(alias.clone()) {
                        let definition = &graph.nodes[&alias.0].definition;
                        sought.push(Sought::new(definition, Some(&alias.1)));
                    }
                }
            }
        }
        graph.find_ways(ws.settings.include_tests);
        graph
    }

    fn add(&mut self, definition: Definition) {
        let node = Node {
            definition,
            sites: Vec::new(),
            imports: Vec::new(),
            stuck: None,
            reached: None,
        };
        self.nodes.insert(node.definition.key, node);
    }

    /// Takes down an occurrence. Gives the other name that it gives the function.
    fn note(
        &mut self,
        occurrence: Occurrence,
        callers: &mut Vec<Definition>,
    ) -> Option<(FunctionKey, String)> {
        let node = self.nodes.get_mut(&occurrence.of)?;
        match occurrence.what {
            What::Call(site) => {
                if let Caller::Function(caller) = &site.caller {
                    callers.push((**caller).clone());
                }
                node.sites.push(*site);
                None
            }
            What::Import(alias) => {
                node.imports.push((occurrence.file, occurrence.range));
                let alias = alias.filter(|alias| alias != "_")?;
                Some((occurrence.of, alias))
            }
            What::Stuck(refusal) => {
                let place = (occurrence.file, occurrence.range, refusal);
                node.stuck.get_or_insert(place);
                None
            }
        }
    }

    /// Finds for each function the call on the shortest way from async code.
    fn find_ways(&mut self, include_tests: bool) {
        let mut open = VecDeque::new();
        for (key, node) in &mut self.nodes {
            node.sites
                .sort_by_key(|site| (site.in_tests, site.file, site.range.start()));
            node.reached = node.sites.iter().position(|site| {
                matches!(site.caller, Caller::Async(_)) && (include_tests || !site.in_tests)
            });
            if node.reached.is_some() {
                open.push_back(*key);
            }
        }
        let mut called: BTreeMap<FunctionKey, Vec<(FunctionKey, usize)>> = BTreeMap::new();
        for (key, node) in &self.nodes {
            for (index, site) in node.sites.iter().enumerate() {
                if let Caller::Function(caller) = &site.caller {
                    called.entry(caller.key).or_default().push((*key, index));
                }
            }
        }
        while let Some(caller) = open.pop_front() {
            for &(callee, site) in called.get(&caller).into_iter().flatten() {
                let node = self
                    .nodes
                    .get_mut(&callee)
                    .expect("callees are in the graph");
                if node.reached.is_none() {
                    node.reached = Some(site);
                    open.push_back(callee);
                }
            }
        }
    }

    /// The calls on the shortest way from a function up to async code.
    pub fn way(&self, from: FunctionKey) -> Vec<&Site> {
        let mut way = Vec::new();
        let mut at = Some(from);
        while let Some(node) = at.and_then(|key| self.nodes.get(&key)) {
            let Some(site) = node.reached.map(|index| &node.sites[index]) else {
                break;
            };
            way.push(site);
            at = match &site.caller {
                Caller::Function(caller) => Some(caller.key),
                _ => None,
            };
        }
        way
    }
}
