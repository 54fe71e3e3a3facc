//! Which functions become async together, and what becomes of each of their calls: decided before
//! anything is written.

mod contracts;
mod forms;
mod handed;

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use self::contracts::Contracts;
pub use self::forms::Form;
use super::{
    bridges::{Bridge, Driver, Drivers},
    functions::FunctionKey,
    handed_runtime::Runs,
    reach::Graph,
    sites::{Caller, Site},
    twin::Twins,
};
use crate::{refusal::Refusal, workspace::WorkspaceContext};

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
    /// The functions, each with how it says that it is async.
    pub functions: BTreeMap<FunctionKey, Form>,
    /// Those of them that keep their signatures over an async twin, with what drives it there.
    pub kept: BTreeMap<FunctionKey, Bridge>,
    /// What becomes of each call of theirs.
    pub calls: Vec<(Site, Fate)>,
    /// Those of them that take no runtime any more: nothing in them needs it.
    pub without_runtime: BTreeSet<FunctionKey>,
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
        handed: drivers.index(&Driver::Handed),
        twins,
        refused: BTreeMap::new(),
        frozen: frozen(ws, graph),
        has_to_be_sent: BTreeSet::new(),
        forms: BTreeMap::new(),
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
    contracts.refuse_what_spawns_itself();
    contracts.refuse_what_hands_over();
    contracts.find_forms();
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
            calls.chain(node.parts.iter().map(|it| it.key.file))
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
                let handed = site.handed.as_ref().and_then(|it| it.runs);
                let driver = match (&merged, handed) {
                    (Some(Driver::Handed), Some(Runs::Here)) => Some(Driver::Handle),
                    _ => merged.clone(),
                };
                open.push((caller.unit, driver));
            }
        }
    }
    needed
        .into_iter()
        .map(|(key, driver)| (key, driver.and_then(|driver| drivers.index(&driver))))
        .collect()
}
