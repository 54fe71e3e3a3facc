//! Who calls whom, backward from the functions that drive a future, as far as it matters.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use super::{
    bridges::Drivers,
    functions::{Definition, FunctionKey, ends_with_path},
    occurrences::{Occurrence, Question, What, census_of},
    own_combinators::OwnCombinators,
    sites::{Caller, Site},
    trait_objects::{Named, OfTrait, Place, trait_objects},
    traits::InTrait,
};
use crate::{
    codemod::Note,
    knowledge::Flavor,
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// The part of the call graph that leads to the seeds.
#[derive(Debug, Default)]
pub struct Graph {
    /// Every function that calls its way to a seed; of a trait, by its declaration.
    pub nodes: BTreeMap<FunctionKey, Node>,
}

/// A function, and all that is known of who names it.
#[derive(Debug)]
pub struct Node {
    /// The function; of a trait of the workspace, its declaration and all that implement it.
    pub parts: Vec<Definition>,
    /// Its calls.
    pub sites: Vec<Site>,
    /// The places in `use` items that name it.
    pub imports: Vec<(FileId, TextRange)>,
    /// The first place that its change could not account for.
    pub stuck: Option<(FileId, TextRange, Refusal)>,
    /// The call on the shortest way from async code, or else from the function that was asked for.
    pub reached: Option<usize>,
    /// No async code comes to it, and it was asked for.
    pub asked: bool,
    /// Those of its parts that drive a future, or call what does.
    leading: BTreeSet<FunctionKey>,
    /// Where the trait that it belongs to is used as `dyn`.
    pub dynamic: Option<Place>,
}

/// The way from async code to a function, for people.
#[derive(Debug, Clone)]
pub struct WayInWords {
    /// The runtime that the async code is started on, where it says so.
    pub flavor: Option<Flavor>,
    /// It begins in async code.
    pub is_async: bool,
    /// The names of the functions on it, in backquotes.
    pub names: Vec<String>,
    /// Who calls whom.
    pub notes: Vec<Note>,
}

impl WayInWords {
    /// The functions behind the first one.
    pub fn through(&self) -> String {
        self.names.get(1..).unwrap_or_default().join(", ")
    }
}

impl Node {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.parts[0].name
    }

    /// Whether it is to become async, for all that wants it to.
    pub fn is_wanted(&self) -> bool {
        self.reached.is_some() || self.asked
    }

    /// The declaration in its trait, and what else there is of it.
    pub fn declaration(&self) -> Option<(&Definition, &InTrait)> {
        let parts = self.parts.iter();
        let mut in_trait = parts.filter_map(|it| Some((it, it.in_trait.as_ref()?)));
        in_trait.find(|(_, it)| it.declares)
    }

    /// Takes down why it can't change, if that is the first reason.
    fn stick(&mut self, place: Place, refusal: Refusal) {
        self.stuck.get_or_insert((place.0, place.1, refusal));
    }
}

impl Graph {
    /// Looks for callers, and the callers of those.
    pub fn backward(
        ws: &WorkspaceContext<'_>,
        seeds: Vec<Definition>,
        drivers: &Drivers,
        own: &OwnCombinators,
    ) -> Graph {
        let mut graph = Graph::default();
        let question = Question::of_change(drivers, own);
        let mut open = seeds;
        while !open.is_empty() {
            open = graph.ask(ws, open, &question);
        }
        graph.find_trait_objects(ws);
        graph.find_ways(ws.settings.include_tests);
        graph.ask_for(ws.settings.root.as_deref());
        graph
    }

    /// Looks for callers, and the callers of those, until async code comes to each of the seeds, or
    /// until there is none left.
    pub fn up_to_async(ws: &WorkspaceContext<'_>, seeds: Vec<Definition>) -> Graph {
        let include_tests = ws.settings.include_tests;
        let mut graph = Graph::default();
        let question = Question::who_calls(include_tests);
        let mut open = seeds;
        while !open.is_empty() {
            open = graph.ask(ws, open, &question);
            graph.find_ways(include_tests);
            let nodes = graph.nodes.values().filter(|node| !node.is_wanted());
            let callers: BTreeSet<FunctionKey> = nodes
                .flat_map(|node| &node.sites)
                .filter_map(|site| match &site.caller {
                    Caller::Function(caller) => Some(caller.unit),
                    _ => None,
                })
                .collect();
            open.retain(|caller| callers.contains(&caller.unit));
        }
        graph
    }

    /// Looks for the calls of some functions, and goes no further.
    pub fn of_calls(ws: &WorkspaceContext<'_>, functions: Vec<Definition>) -> Graph {
        let mut graph = Graph::default();
        graph.ask(ws, functions, &Question::who_calls(true));
        graph.find_ways(ws.settings.include_tests);
        graph
    }

    /// Adds functions and the places that name them, and gives those that call them there.
    fn ask(
        &mut self,
        ws: &WorkspaceContext<'_>,
        functions: Vec<Definition>,
        question: &Question<'_>,
    ) -> Vec<Definition> {
        let mut sought = Vec::new();
        for definition in functions {
            if !self.nodes.contains_key(&definition.unit) && !definition.uncalled {
                sought.push(definition.clone());
            }
            let key = definition.key;
            self.add(definition).leading.insert(key);
        }
        let sought: Vec<&Definition> = sought.iter().collect();
        let mut callers = Vec::new();
        for occurrence in census_of(ws, &sought, question) {
            self.note(occurrence, &mut callers);
        }
        callers
    }

    fn add(&mut self, definition: Definition) -> &mut Node {
        let node = self.nodes.entry(definition.unit).or_insert(Node {
            parts: Vec::new(),
            sites: Vec::new(),
            imports: Vec::new(),
            stuck: None,
            reached: None,
            asked: false,
            leading: BTreeSet::new(),
            dynamic: None,
        });
        let at = node
            .parts
            .binary_search_by_key(&definition.key, |it| it.key);
        if let Err(at) = at {
            node.parts.insert(at, definition);
        }
        node
    }

    /// Takes down an occurrence, and who calls the function there.
    fn note(&mut self, occurrence: Occurrence, callers: &mut Vec<Definition>) {
        let Some(node) = self.nodes.get_mut(&occurrence.of) else {
            return;
        };
        match occurrence.what {
            What::Call(site) => {
                if let Caller::Function(caller) = &site.caller {
                    callers.push((**caller).clone());
                }
                node.sites.push(*site);
            }
            What::Import(_) => node.imports.push((occurrence.file, occurrence.range)),
            What::Part(definition) => {
                self.add(*definition);
            }
            What::Stuck(refusal) => node.stick((occurrence.file, occurrence.range), refusal),
        }
    }

    /// Finds where the traits of functions are named in a way that says how they must change.
    fn find_trait_objects(&mut self, ws: &WorkspaceContext<'_>) {
        let traits: Vec<OfTrait> = self
            .nodes
            .iter()
            .filter_map(|(key, node)| {
                let (_, in_trait) = node.declaration()?;
                Some(OfTrait {
                    function: *key,
                    function_name: node.name().to_owned(),
                    name: in_trait.name.clone(),
                })
            })
            .collect();
        if traits.is_empty() {
            return;
        }
        for ((key, named), place) in trait_objects(ws, &traits) {
            let node = self.nodes.get_mut(&key).expect("it is a node's key");
            match named {
                Named::Dyn => node.dynamic = Some(place),
                Named::InAttribute => {
                    let message = format!(
                        "the trait of `{}` stands in an attribute, which may implement it",
                        node.name()
                    );
                    node.stick(place, Refusal::new(RefusalKind::F11, message));
                }
            }
        }
    }

    /// Finds for each function the call on the shortest way from async code.
    fn find_ways(&mut self, include_tests: bool) {
        let mut open = VecDeque::new();
        for (key, node) in &mut self.nodes {
            for site in &mut node.sites {
                site.leads |= node.leading.contains(&site.callee);
            }
            node.sites
                .sort_by_key(|site| (site.in_tests, site.file, site.range.start()));
            node.reached = node.sites.iter().position(|site| {
                site.leads
                    && matches!(site.caller, Caller::Async(_))
                    && (include_tests || !site.in_tests)
            });
            if node.reached.is_some() {
                open.push_back(*key);
            }
        }
        self.spread(open);
    }

    /// Finds the ways from the function of this path, if no async code comes to it.
    fn ask_for(&mut self, path: Option<&str>) {
        let Some(path) = path else { return };
        let mut open = VecDeque::new();
        for (key, node) in &mut self.nodes {
            let mut parts = node.parts.iter();
            if node.reached.is_none() && parts.any(|it| ends_with_path(&it.path, path)) {
                node.asked = true;
                open.push_back(*key);
            }
        }
        self.spread(open);
    }

    /// Goes on from functions that are wanted to those that they call.
    fn spread(&mut self, mut open: VecDeque<FunctionKey>) {
        let mut called: BTreeMap<FunctionKey, Vec<(FunctionKey, usize)>> = BTreeMap::new();
        for (key, node) in &self.nodes {
            for (index, site) in node.sites.iter().enumerate().filter(|(_, site)| site.leads) {
                if let Caller::Function(caller) = &site.caller {
                    called.entry(caller.unit).or_default().push((*key, index));
                }
            }
        }
        while let Some(caller) = open.pop_front() {
            for &(callee, site) in called.get(&caller).into_iter().flatten() {
                let node = self
                    .nodes
                    .get_mut(&callee)
                    .expect("callees are in the graph");
                if !node.is_wanted() {
                    node.reached = Some(site);
                    open.push_back(callee);
                }
            }
        }
    }

    /// The same way in words, from the async code down.
    pub fn way_in_words(&self, from: FunctionKey) -> WayInWords {
        let way = self.way(from);
        let mut words = WayInWords {
            flavor: None,
            is_async: false,
            names: Vec::new(),
            notes: Vec::new(),
        };
        if let Some(Caller::Async(code)) = way.last().map(|site| &site.caller) {
            (words.flavor, words.is_async) = (code.flavor, true);
        }
        for site in way.iter().rev() {
            let caller = site.caller.name();
            let callee = self.nodes[&site.of].name();
            if words.names.is_empty() {
                words.names.push(format!("`{caller}`"));
            }
            words.names.push(format!("`{callee}`"));
            let place = (site.file, site.range);
            words.notes.push(Note::call(place, caller, callee));
        }
        words
    }

    /// The calls on the shortest way from a function up to async code, or to what was asked for.
    pub fn way(&self, from: FunctionKey) -> Vec<&Site> {
        let mut way = Vec::new();
        let mut at = Some(from);
        while let Some(node) = at.and_then(|key| self.nodes.get(&key)) {
            let Some(site) = node.reached.map(|index| &node.sites[index]) else {
                break;
            };
            way.push(site);
            at = match &site.caller {
                Caller::Function(caller) => Some(caller.unit),
                _ => None,
            };
        }
        way
    }
}
