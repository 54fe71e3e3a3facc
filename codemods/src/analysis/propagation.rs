//! Which functions become async together, and what becomes of each of their calls: decided before
//! anything is written.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use super::{
    functions::FunctionKey,
    reach::{Graph, Node},
    sites::{Bridge, Caller, Driver, Drivers, Site},
    twin::{Twin, Twins},
};
use crate::{
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// A function that drives a future itself.
#[derive(Debug)]
pub struct Source {
    /// The function.
    pub of: FunctionKey,
    /// What may drive the future elsewhere.
    pub driver: Option<Driver>,
    /// Why the future can't be awaited in it.
    pub stays: Option<Refusal>,
    /// Why the function's own future would not be `Send` then.
    pub not_send: Option<Refusal>,
}

/// What becomes of a call.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It is awaited.
    Await,
    /// It is driven where it stands, because of what stands around it.
    Bridge(Bridge, Refusal),
    /// It is left as it is: what it calls keeps its signature.
    Stay,
}

/// Functions that become async as one change.
#[derive(Debug, Default)]
pub struct Root {
    /// The functions.
    pub functions: BTreeSet<FunctionKey>,
    /// Those of them that keep their signatures over an async twin, with what drives it there.
    pub kept: BTreeMap<FunctionKey, Bridge>,
    /// What becomes of each call of theirs.
    pub calls: Vec<(Site, Fate)>,
}

/// A reason, with the place that it speaks of.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The reason.
    pub refusal: Refusal,
    /// The place.
    pub place: Option<(FileId, TextRange)>,
}

/// What was decided.
#[derive(Debug, Default)]
pub struct Decision {
    /// What becomes async.
    pub roots: Vec<Root>,
    /// Why other functions of the graph do not.
    pub refused: BTreeMap<FunctionKey, Reason>,
}

/// Decides over the functions of a graph.
pub fn decide(
    ws: &WorkspaceContext<'_>,
    graph: &Graph,
    sources: &[Source],
    drivers: &Drivers,
    twins: &Twins,
) -> Decision {
    let mut contracts = Contracts {
        graph,
        drivers: driver_of_each(graph, sources, drivers),
        twins,
        refused: BTreeMap::new(),
        frozen: frozen(ws, graph),
        may_be_sent: BTreeSet::new(),
    };
    for (key, node) in &graph.nodes {
        if let Some(reason) = contracts.by_itself(node) {
            contracts.refused.insert(*key, reason);
        }
    }
    for source in sources {
        if let Some(stays) = &source.stays {
            let refusal = stays.clone();
            let place = None;
            contracts
                .refused
                .entry(source.of)
                .or_insert(Reason { refusal, place });
        }
    }
    contracts.may_be_sent = contracts.may_be_sent();
    contracts.refuse_what_is_sent(sources);
    contracts.settle();
    let functions = contracts.upward_from(sources);
    let roots = contracts.roots(&functions);
    Decision {
        roots,
        refused: contracts.refused,
    }
}

/// The files of the functions and their calls that must not be edited, with the reason.
fn frozen(ws: &WorkspaceContext<'_>, graph: &Graph) -> BTreeMap<FileId, String> {
    let nodes = graph.nodes.values();
    let files: BTreeSet<FileId> = nodes
        .flat_map(|node| {
            let calls = node.sites.iter().map(|site| site.file);
            calls.chain([node.definition.key.file])
        })
        .collect();
    files
        .into_iter()
        .filter_map(|file| Some((file, ws.members.frozen(file)?)))
        .collect()
}

/// Which driver the futures of each function need: where several meet, the one that brings the most.
fn driver_of_each(
    graph: &Graph,
    sources: &[Source],
    drivers: &Drivers,
) -> BTreeMap<FunctionKey, Option<usize>> {
    let mut needed: BTreeMap<FunctionKey, Option<Driver>> = BTreeMap::new();
    let mut open: Vec<(FunctionKey, Option<Driver>)> = sources
        .iter()
        .map(|source| (source.of, source.driver.clone()))
        .collect();
    while let Some((key, driver)) = open.pop() {
        let merged = match needed.get(&key) {
            None => driver,
            Some(known) => match (known, driver) {
                (None, _) | (_, None) => None,
                (Some(known), Some(driver)) => Some(known.clone().max(driver)),
            },
        };
        if needed.get(&key) == Some(&merged) {
            continue;
        }
        needed.insert(key, merged.clone());
        for site in graph
            .nodes
            .get(&key)
            .into_iter()
            .flat_map(|node| &node.sites)
        {
            if let Caller::Function(caller) = &site.caller {
                open.push((caller.key, merged.clone()));
            }
        }
    }
    needed
        .into_iter()
        .map(|(key, driver)| (key, driver.and_then(|driver| drivers.index(&driver))))
        .collect()
}

struct Contracts<'a> {
    graph: &'a Graph,
    drivers: BTreeMap<FunctionKey, Option<usize>>,
    twins: &'a Twins,
    refused: BTreeMap<FunctionKey, Reason>,
    frozen: BTreeMap<FileId, String>,
    /// Functions whose futures may have to be `Send`.
    may_be_sent: BTreeSet<FunctionKey>,
}

impl Contracts<'_> {
    /// Why a function can't change, whatever its callers do.
    fn by_itself(&self, node: &Node) -> Option<Reason> {
        let definition = &node.definition;
        let own = Some((definition.key.file, definition.place));
        if let Some(refusal) = definition.frontier.clone() {
            return Some(Reason {
                refusal,
                place: own,
            });
        }
        if let Some(twin) = self.twins.get(definition.key) {
            // Whatever names it names what stays.
            if let Err(refusal) = self.kept(definition.key, twin) {
                return Some(Reason {
                    refusal,
                    place: own,
                });
            }
        } else if let Some((file, range, refusal)) = node.stuck.clone() {
            let place = Some((file, range));
            return Some(Reason { refusal, place });
        }
        let refusal = self.frozen(definition.key.file)?;
        Some(Reason {
            refusal,
            place: own,
        })
    }

    /// What drives the twin of a function in the function itself.
    fn kept(&self, key: FunctionKey, twin: &Result<Twin, Refusal>) -> Result<Bridge, Refusal> {
        let twin = twin.as_ref().map_err(Clone::clone)?;
        let driver = self.drivers.get(&key).copied().flatten();
        twin.bridge(driver).cloned().ok_or_else(|| {
            let name = &self.graph.nodes[&key].definition.name;
            let message = format!(
                "`{name}` is to keep its signature, and nothing there could drive `{}`",
                twin.name
            );
            Refusal::new(RefusalKind::F13, message)
        })
    }

    /// Whether a call can be awaited: of what keeps its signature it has to name the twin.
    fn awaits(&self, site: &Site) -> Result<Fate, Refusal> {
        match self.twins.get(site.of) {
            Some(Ok(twin)) if self.twins.renamed(site).is_none() => {
                let message = format!("the call has no path to `{}`", twin.name);
                Err(Refusal::new(RefusalKind::F13, message))
            }
            _ => Ok(Fate::Await),
        }
    }

    fn frozen(&self, file: FileId) -> Option<Refusal> {
        let reason = self.frozen.get(&file)?;
        let message = format!("a file that would change must not be edited: {reason}");
        Some(Refusal::new(RefusalKind::R8, message))
    }

    /// The functions that async code would await, directly or through others, whose own future is
    /// `Send` for all that is known, and may have to be.
    fn may_be_sent(&self) -> BTreeSet<FunctionKey> {
        let mut sent = BTreeSet::new();
        loop {
            let before = sent.len();
            for (key, node) in &self.graph.nodes {
                let through = |site: &Site| match &site.caller {
                    Caller::Async(code) => !code.is_not_send,
                    Caller::Function(caller) => {
                        sent.contains(&caller.key) && !self.refused.contains_key(&caller.key)
                    }
                    _ => false,
                };
                if node.sites.iter().any(through) {
                    sent.insert(*key);
                }
            }
            if sent.len() == before {
                return sent;
            }
        }
    }

    /// Takes out functions whose futures would not be `Send`, and may have to be.
    fn refuse_what_is_sent(&mut self, sources: &[Source]) {
        let own = self.graph.nodes.iter().filter_map(|(key, node)| {
            let place = Some((key.file, node.definition.place));
            let refusal = node.definition.not_send.clone()?;
            Some((*key, Reason { refusal, place }))
        });
        let driven = sources.iter().filter_map(|source| {
            let refusal = source.not_send.clone()?;
            let place = None;
            Some((source.of, Reason { refusal, place }))
        });
        let all: Vec<(FunctionKey, Reason)> = own.chain(driven).collect();
        for (key, reason) in all {
            if self.may_be_sent.contains(&key) {
                self.refused.entry(key).or_insert(reason);
            }
        }
    }

    /// What forbids that a call waits where it stands.
    fn held<'s>(&self, site: &'s Site) -> Option<&'s Refusal> {
        let sent = match &site.caller {
            Caller::Async(code) => !code.is_not_send,
            Caller::Function(caller) => self.may_be_sent.contains(&caller.key),
            _ => false,
        };
        let not_send = site.not_send.as_ref().filter(|_| sent);
        site.held.as_ref().or(not_send)
    }

    /// Takes out functions until each that is left has a fate for all of its calls, and async code
    /// that awaits it.
    fn settle(&mut self) {
        loop {
            let before = self.refused.len();
            let awaited = self.awaited();
            for (key, node) in &self.graph.nodes {
                if self.refused.contains_key(key) {
                    continue;
                }
                let stuck = node.sites.iter().find_map(|site| {
                    let refusal = self.fate(site).err()?;
                    let place = Some((site.file, site.range));
                    Some(Reason { refusal, place })
                });
                let reason =
                    stuck.or_else(|| (!awaited.contains(key)).then(|| self.unreached(*key)));
                if let Some(reason) = reason {
                    self.refused.insert(*key, reason);
                }
            }
            if self.refused.len() == before {
                return;
            }
        }
    }

    /// The functions that async code would await, directly or through others.
    fn awaited(&self) -> BTreeSet<FunctionKey> {
        let mut awaited = BTreeSet::new();
        loop {
            let before = awaited.len();
            for (key, node) in &self.graph.nodes {
                let through = |site: &Site| match &site.caller {
                    Caller::Async(_) => node.reached.is_some() && self.held(site).is_none(),
                    Caller::Function(caller) => {
                        awaited.contains(&caller.key) && self.held(site).is_none()
                    }
                    _ => false,
                };
                if !self.refused.contains_key(key) && node.sites.iter().any(through) {
                    awaited.insert(*key);
                }
            }
            if awaited.len() == before {
                return awaited;
            }
        }
    }

    /// Why no async code would await a function: what stands on the way, if there is a way.
    fn unreached(&self, key: FunctionKey) -> Reason {
        for site in self.graph.way(key) {
            let place = Some((site.file, site.range));
            if let Some(refusal) = self.held(site) {
                let refusal = held(refusal);
                return Reason { refusal, place };
            }
            if let Caller::Function(caller) = &site.caller
                && let Some(reason) = self.refused.get(&caller.key)
            {
                return reason.clone();
            }
        }
        let name = &self.graph.nodes[&key].definition.name;
        let message = format!("no async code would await `{name}`");
        Reason {
            refusal: Refusal::new(RefusalKind::R9, message),
            place: None,
        }
    }

    /// What becomes of a call of a function that becomes async.
    fn fate(&self, site: &Site) -> Result<Fate, Refusal> {
        if let Some(refusal) = self.frozen(site.file) {
            return Err(refusal);
        }
        let around = match &site.caller {
            Caller::Async(_) => match self.held(site) {
                None => return self.awaits(site),
                // Driven in async code it would be what this codemod finds.
                Some(refusal) => return Err(held(refusal)),
            },
            Caller::Function(caller) => match (self.refused.get(&caller.key), self.held(site)) {
                (None, None) if self.graph.nodes.contains_key(&caller.key) => {
                    return self.awaits(site);
                }
                (Some(reason), _) => reason.refusal.clone(),
                (None, Some(refusal)) => held(refusal),
                (None, None) => Refusal::new(RefusalKind::R4, "the caller is not known"),
            },
            Caller::Made(name) => {
                let message = format!("a macro makes `{name}`, which calls it");
                Refusal::new(RefusalKind::F11, message)
            }
            Caller::Closure(outer) => {
                let outer = outer.as_ref();
                let place = outer.map_or_else(String::new, |name| format!(" in `{name}`"));
                let message = format!("a closure{place} that is not async calls it");
                Refusal::new(RefusalKind::F6, message)
            }
            Caller::Constant => {
                let message = "a constant or static is made with it";
                Refusal::new(RefusalKind::F8, message)
            }
        };
        if self.twins.get(site.of).is_some() {
            return Ok(Fate::Stay);
        }
        let driver = self.drivers.get(&site.of).copied().flatten();
        let bridge = driver.and_then(|index| site.bridges.get(index)?.clone());
        match bridge {
            Some(bridge) => Ok(Fate::Bridge(bridge, around)),
            None => Err(around),
        }
    }

    /// The functions of the sources, and all that call them and are left.
    fn upward_from(&self, sources: &[Source]) -> BTreeSet<FunctionKey> {
        let mut functions = BTreeSet::new();
        let mut open: Vec<FunctionKey> = sources.iter().map(|source| source.of).collect();
        while let Some(key) = open.pop() {
            if self.refused.contains_key(&key) || !functions.insert(key) {
                continue;
            }
            for site in &self.graph.nodes[&key].sites {
                if let (Caller::Function(caller), Ok(Fate::Await)) = (&site.caller, self.fate(site))
                {
                    open.push(caller.key);
                }
            }
        }
        functions
    }

    /// The functions, by what has to change together.
    fn roots(&self, functions: &BTreeSet<FunctionKey>) -> Vec<Root> {
        let mut roots: Vec<Root> = Vec::new();
        for &key in functions {
            let mut root = Root::default();
            root.functions.insert(key);
            let kept = self.twins.get(key).map(|twin| self.kept(key, twin));
            root.kept
                .extend(kept.and_then(Result::ok).map(|bridge| (key, bridge)));
            for site in &self.graph.nodes[&key].sites {
                let fate = self
                    .fate(site)
                    .expect("what is left has a fate for each call");
                if let (Caller::Function(caller), Fate::Await) = (&site.caller, &fate) {
                    root.functions.insert(caller.key);
                }
                root.calls.push((site.clone(), fate));
            }
            let (joined, apart): (Vec<Root>, Vec<Root>) = roots
                .into_iter()
                .partition(|other| !other.functions.is_disjoint(&root.functions));
            for other in joined {
                root.functions.extend(other.functions);
                root.kept.extend(other.kept);
                root.calls.extend(other.calls);
            }
            roots = apart;
            roots.push(root);
        }
        roots
    }
}

/// A guard that is held during the call.
fn held(refusal: &Refusal) -> Refusal {
    Refusal::new(RefusalKind::F21, refusal.message.clone())
}
