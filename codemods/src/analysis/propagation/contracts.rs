//! What each function may become, and what that leaves for its calls.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;

use super::{
    Fate, Reason, Root, Source,
    forms::{Form, form, sent},
    handed::runs,
};
use crate::{
    analysis::{
        bridges::Bridge,
        functions::FunctionKey,
        reach::{Graph, Node},
        sites::{Caller, Site},
        twin::{Twin, Twins},
    },
    refusal::{Refusal, RefusalKind},
};

/// The functions of a graph while it is decided over them.
pub(super) struct Contracts<'a> {
    pub(super) graph: &'a Graph,
    pub(super) drivers: BTreeMap<FunctionKey, Option<usize>>,
    /// The driver that is handed over.
    pub(super) handed: Option<usize>,
    pub(super) twins: &'a Twins,
    pub(super) refused: BTreeMap<FunctionKey, Reason>,
    pub(super) frozen: BTreeMap<FileId, String>,
    /// Functions whose futures have to be `Send`.
    pub(super) has_to_be_sent: BTreeSet<FunctionKey>,
    /// How each function would say that it is async.
    pub(super) forms: BTreeMap<FunctionKey, Form>,
}

impl Contracts<'_> {
    /// Why a function can't change, whatever its callers do.
    pub(super) fn by_itself(&self, node: &Node) -> Option<Reason> {
        for part in &node.parts {
            let place = Some((part.key.file, part.place));
            if let Some(refusal) = part.frontier.clone() {
                return Some(Reason { refusal, place });
            }
        }
        let key = node.parts[0].unit;
        let kept = self.twins.get(key).map(|twin| self.kept(key, twin));
        let stuck = match kept {
            // Whatever names it names what stays.
            Some(Ok(_)) => None,
            Some(Err(refusal)) => Some((key.file, node.parts[0].place, refusal)),
            None => node.stuck.clone(),
        };
        if let Some((file, range, refusal)) = stuck {
            let place = Some((file, range));
            return Some(Reason { refusal, place });
        }
        node.parts.iter().find_map(|part| {
            let refusal = self.frozen(part.key.file)?;
            let place = Some((part.key.file, part.place));
            Some(Reason { refusal, place })
        })
    }

    /// Takes out the functions of traits that can't say that they are async.
    pub(super) fn find_forms(&mut self) {
        for (key, node) in &self.graph.nodes {
            match form(node) {
                Ok(form) => drop(self.forms.insert(*key, form)),
                Err(reason) => drop(self.refused.entry(*key).or_insert(reason)),
            }
        }
        let bound = self.bound();
        for (key, node) in &self.graph.nodes {
            let Some(form) = self.forms.get_mut(key) else {
                continue;
            };
            match sent(node, *form, bound.contains(key)) {
                Ok(it) => *form = it,
                Err(reason) => drop(self.refused.entry(*key).or_insert(reason)),
            }
        }
        self.has_to_be_sent = self.has_to_be_sent();
    }

    /// Takes out functions that are spawned in a function which they lead to: whether that future is
    /// `Send` would hang on itself.
    pub(super) fn refuse_what_spawns_itself(&mut self) {
        for (key, node) in &self.graph.nodes {
            let spawned = node.sites.iter().find(|site| match &site.caller {
                Caller::Async(code) => code.spawned_in.is_some_and(|it| self.leads(*key, it)),
                _ => false,
            });
            let Some(site) = spawned else { continue };
            let message = format!(
                "`{}` is spawned in a function that it leads to: name its future with a box first",
                node.name()
            );
            let reason = Reason {
                refusal: Refusal::new(RefusalKind::F10, message),
                place: Some((site.file, site.range)),
            };
            self.refused.entry(*key).or_insert(reason);
        }
    }

    /// Whether a function is, or comes to call, another one that may become async.
    fn leads(&self, from: FunctionKey, to: FunctionKey) -> bool {
        let mut open = vec![to];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if at == from {
                return true;
            }
            let node = self.graph.nodes.get(&at).filter(|_| seen.insert(at));
            for site in node.into_iter().flat_map(|node| &node.sites) {
                if let Caller::Function(caller) = &site.caller {
                    open.push(caller.unit);
                }
            }
        }
        false
    }

    /// The functions whose futures may have to be `Send` where their own types are not known yet. Where
    /// they are, the compiler looks into the future itself, and no trait has to promise it.
    fn bound(&self) -> BTreeSet<FunctionKey> {
        let mut bound = BTreeSet::new();
        loop {
            let before = bound.len();
            for (key, node) in &self.graph.nodes {
                let is_bound = |site: &Site| {
                    let open = site.is_generic || site.in_generic;
                    open && match &site.caller {
                        Caller::Async(code) => !code.is_not_send,
                        Caller::Function(caller) => {
                            let form = self.forms.get(&caller.unit);
                            bound.contains(&caller.unit) || form.is_some_and(|it| it.is_sent())
                        }
                        _ => false,
                    }
                };
                if node.sites.iter().any(is_bound) {
                    bound.insert(*key);
                }
            }
            if bound.len() == before {
                return bound;
            }
        }
    }

    /// What drives the twin of a function in the function itself.
    fn kept(&self, key: FunctionKey, twin: &Result<Twin, Refusal>) -> Result<Bridge, Refusal> {
        let twin = twin.as_ref().map_err(Clone::clone)?;
        let driver = self.drivers.get(&key).copied().flatten();
        twin.bridge(driver).cloned().ok_or_else(|| {
            let message = format!(
                "`{}` is to keep its signature, and nothing there could drive `{}`",
                self.graph.nodes[&key].name(),
                twin.name
            );
            Refusal::new(RefusalKind::F13, message)
        })
    }

    /// Whether async code comes to a call, or what was asked for.
    fn is_reached(&self, site: &Site) -> bool {
        match &site.caller {
            Caller::Function(caller) => {
                let node = self.graph.nodes.get(&caller.unit);
                node.is_some_and(Node::is_wanted)
            }
            _ => true,
        }
    }

    /// Whether a call can be awaited: of what keeps its signature it has to name the twin.
    fn awaits(&self, site: &Site) -> Result<Fate, Refusal> {
        match self.twins.get(site.of) {
            // What no async code comes to does not change.
            Some(Ok(_)) if site.in_closure && !self.is_reached(site) => Ok(Fate::Stay),
            Some(Ok(_)) if site.in_closure => {
                let message =
                    "what keeps its signature is called in a closure that would be written out";
                Err(Refusal::new(RefusalKind::F13, message))
            }
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

    /// The functions that async code would await, directly or through others, whose own future has to be
    /// `Send` for all that can be seen. Of others only a compiler knows.
    fn has_to_be_sent(&self) -> BTreeSet<FunctionKey> {
        let promised = self.forms.iter().filter(|(_, form)| form.is_sent());
        let mut sent: BTreeSet<FunctionKey> = promised.map(|(key, _)| *key).collect();
        loop {
            let before = sent.len();
            for (key, node) in &self.graph.nodes {
                let through = |site: &Site| match &site.caller {
                    Caller::Async(code) => code.has_to_be_send,
                    Caller::Function(caller) => {
                        sent.contains(&caller.unit) && !self.refused.contains_key(&caller.unit)
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

    /// Takes out functions whose futures would not be `Send`, and have to be.
    pub(super) fn refuse_what_is_sent(&mut self, sources: &[Source]) {
        let parts = self.graph.nodes.values().flat_map(|node| &node.parts);
        let own = parts.filter_map(|part| {
            let place = Some((part.key.file, part.place));
            let refusal = part.not_send.clone()?;
            Some((part.unit, Reason { refusal, place }))
        });
        let driven = sources.iter().filter_map(|source| {
            let refusal = source.not_send.clone()?;
            let place = None;
            Some((source.of, Reason { refusal, place }))
        });
        let all: Vec<(FunctionKey, Reason)> = own.chain(driven).collect();
        for (key, reason) in all {
            if self.has_to_be_sent.contains(&key) {
                self.refused.entry(key).or_insert(reason);
            }
        }
    }

    /// What forbids that a call waits where it stands.
    fn held(&self, site: &Site) -> Option<Refusal> {
        let nodes = &self.graph.nodes;
        if let Some(own) = site.own.iter().find(|it| nodes.contains_key(&it.key)) {
            return Some(own.becomes_async());
        }
        let sent = match &site.caller {
            Caller::Async(code) => code.has_to_be_send,
            Caller::Function(caller) => self.has_to_be_sent.contains(&caller.unit),
            _ => false,
        };
        let not_send = site.not_send.as_ref().filter(|_| sent);
        let held = site.held.as_ref().or(not_send)?;
        let kind = match held.kind {
            RefusalKind::F15 => RefusalKind::F15,
            _ => RefusalKind::F21,
        };
        Some(Refusal::new(kind, held.message.clone()))
    }

    /// Takes out functions until each that is left has a fate for all of its calls, and async code
    /// that awaits it.
    pub(super) fn settle(&mut self) {
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

    /// The functions that async code would await, directly or through others, and what was asked for.
    fn awaited(&self) -> BTreeSet<FunctionKey> {
        let mut awaited = BTreeSet::new();
        loop {
            let before = awaited.len();
            for (key, node) in &self.graph.nodes {
                let through = |site: &Site| match &site.caller {
                    Caller::Async(_) => node.reached.is_some() && self.held(site).is_none(),
                    Caller::Function(caller) => {
                        awaited.contains(&caller.unit) && self.held(site).is_none()
                    }
                    _ => false,
                };
                if !self.refused.contains_key(key)
                    && (node.asked || node.sites.iter().filter(|site| site.leads).any(through))
                {
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
                return Reason { refusal, place };
            }
            if let Caller::Function(caller) = &site.caller
                && let Some(reason) = self.refused.get(&caller.unit)
            {
                return reason.clone();
            }
        }
        let name = &self.graph.nodes[&key].name();
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
                None if self.is_handed(site.of) => {
                    runs(site)?;
                    return self.awaits(site);
                }
                None => return self.awaits(site),
                // Driven in async code it would be what this codemod finds.
                Some(refusal) => return Err(refusal),
            },
            Caller::Function(caller) => match (self.refused.get(&caller.unit), self.held(site)) {
                (None, None) if self.graph.nodes.contains_key(&caller.unit) => {
                    return self.awaits(site);
                }
                (Some(reason), _) => reason.refusal.clone(),
                (None, Some(refusal)) => refusal,
                (None, None) => Refusal::new(RefusalKind::R4, "the caller is not known"),
            },
            Caller::Made(name) => {
                let message = format!("a macro makes `{name}`, which calls it");
                Refusal::new(RefusalKind::F11, message)
            }
            Caller::Closure(_, refusal) => refusal.clone(),
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
    pub(super) fn upward_from(&self, sources: &[Source]) -> BTreeSet<FunctionKey> {
        let mut functions = BTreeSet::new();
        let mut open: Vec<FunctionKey> = sources.iter().map(|source| source.of).collect();
        while let Some(key) = open.pop() {
            if self.refused.contains_key(&key) || !functions.insert(key) {
                continue;
            }
            for site in &self.graph.nodes[&key].sites {
                if let (Caller::Function(caller), Ok(Fate::Await)) = (&site.caller, self.fate(site))
                {
                    open.push(caller.unit);
                }
            }
        }
        functions
    }

    /// The functions, by what has to change together.
    pub(super) fn roots(&self, functions: &BTreeSet<FunctionKey>) -> Vec<Root> {
        let mut roots: Vec<Root> = Vec::new();
        for &key in functions {
            let mut root = Root::default();
            root.functions.insert(key, self.forms[&key]);
            let kept = self.twins.get(key).map(|twin| self.kept(key, twin));
            root.kept
                .extend(kept.and_then(Result::ok).map(|bridge| (key, bridge)));
            for site in &self.graph.nodes[&key].sites {
                let fate = self
                    .fate(site)
                    .expect("what is left has a fate for each call");
                if let (Caller::Function(caller), Fate::Await) = (&site.caller, &fate) {
                    root.functions.insert(caller.unit, self.forms[&caller.unit]);
                }
                root.calls.push((site.clone(), fate));
            }
            let (joined, apart): (Vec<Root>, Vec<Root>) = roots.into_iter().partition(|other| {
                other
                    .functions
                    .keys()
                    .any(|it| root.functions.contains_key(it))
            });
            for other in joined {
                root.functions.extend(other.functions);
                root.kept.extend(other.kept);
                root.calls.extend(other.calls);
            }
            roots = apart;
            roots.push(root);
        }
        for root in &mut roots {
            root.without_runtime = self.without_runtime(root);
        }
        roots
    }
}
