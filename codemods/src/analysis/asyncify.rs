//! The edits that make functions async and await their calls.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{TextRange, TextSize};

use super::{
    closures::Wrap,
    functions::{Definition, FunctionKey},
    propagation::{Fate, Form, Root},
    reach::Graph,
    sites::Caller,
    traits::Boxed,
    twin::Twins,
};
use crate::change::{Change, Edit};

/// Text around expressions that stay, and expressions that nest. Two of them may begin or end at one
/// place: the outer one stands outside.
#[derive(Debug, Default)]
pub struct Around {
    /// By place: the end of the expression and the text before it.
    before: BTreeMap<(FileId, TextSize), Vec<(TextSize, String)>>,
    /// By place: the start of the expression and the text behind it.
    after: BTreeMap<(FileId, TextSize), Vec<(TextSize, String)>>,
}

impl Around {
    /// Writes around an expression.
    pub fn add(&mut self, file: FileId, range: TextRange, before: &str, after: &str) {
        if !before.is_empty() {
            let at = self.before.entry((file, range.start())).or_default();
            at.push((range.end(), before.to_owned()));
        }
        if !after.is_empty() {
            let at = self.after.entry((file, range.end())).or_default();
            at.push((range.start(), after.to_owned()));
        }
    }

    /// One insertion for each place.
    pub fn write(self, change: &mut Change) {
        let mut at: BTreeMap<(FileId, TextSize), String> = BTreeMap::new();
        for (place, mut texts) in self.after {
            texts.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
            let text = at.entry(place).or_default();
            texts.iter().for_each(|(_, it)| text.push_str(it));
        }
        for (place, mut texts) in self.before {
            texts.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
            let text = at.entry(place).or_default();
            texts.iter().for_each(|(_, it)| text.push_str(it));
        }
        for ((file, offset), text) in at {
            change.insert(file, offset, text);
        }
    }
}

/// Says that the functions of a root are async, or puts their twins beside them, which calls then name.
pub fn asyncify(
    graph: &Graph,
    root: &Root,
    twins: &Twins,
    around: &mut Around,
    change: &mut Change,
) {
    let mut attributes = BTreeSet::new();
    for (key, form) in &root.functions {
        if let Some(bridge) = root.kept.get(key) {
            twins.write(*key, bridge, change);
            continue;
        }
        for part in &graph.nodes[key].parts {
            write_header(part, *form, around);
            attributes.extend(attribute(part, *form));
        }
    }
    for (file, at, text) in attributes {
        around.add(file, TextRange::empty(at), &text, "");
    }
    for key in &root.without_runtime {
        let parts = &graph.nodes[key].parts;
        let removals = parts
            .iter()
            .filter_map(|it| it.runtime.as_ref()?.removal.as_ref());
        removals.for_each(|it| change.extend(it));
    }
    for (site, fate) in &root.calls {
        let removal = site.handed.as_ref().and_then(|it| it.removal.as_ref());
        if let Some(removal) = removal.filter(|_| root.without_runtime.contains(&site.of)) {
            match fate {
                Fate::Await => change.extend(removal),
                // The runtime stands somewhere else in the call.
                _ => change.edits.extend(removal.edits.iter().cloned()),
            }
        }
        if let (Fate::Await, Some(renamed)) = (fate, twins.renamed(site)) {
            change.extend(renamed);
        }
    }
}

/// What is written around the calls of a root, as it was decided, by file. `leads_to` names the async
/// functions that the futures driven in each function come to await.
pub fn wraps(
    graph: &Graph,
    root: &Root,
    leads_to: &BTreeMap<FunctionKey, BTreeSet<FunctionKey>>,
) -> BTreeMap<FileId, Vec<Wrap>> {
    let boxed = boxed(graph, root, leads_to);
    let mut wraps: BTreeMap<FileId, Vec<Wrap>> = BTreeMap::new();
    for (index, (site, fate)) in root.calls.iter().enumerate() {
        let is_boxed = boxed.contains(&index);
        let (before, after) = match fate {
            Fate::Await if is_boxed && site.is_called => ("(Box::pin(", ").await)"),
            Fate::Await if is_boxed => ("Box::pin(", ").await"),
            Fate::Await if site.is_called => ("(", ".await)"),
            Fate::Await => ("", ".await"),
            Fate::Bridge(bridge, _) => (&*bridge.before, &*bridge.after),
            Fate::Stay => continue,
        };
        wraps.entry(site.file).or_default().push(Wrap {
            range: site.range,
            inner: site.range,
            before: before.to_owned(),
            after: after.to_owned(),
            is_boxed,
            in_closure: site.in_closure && matches!(fate, Fate::Await),
        });
    }
    wraps
}

/// Says that a function is async.
fn write_header(part: &Definition, form: Form, around: &mut Around) {
    let promised = part
        .in_trait
        .as_ref()
        .filter(|it| form == Form::Sent && it.declares)
        .and_then(|it| it.returns.as_ref());
    match promised {
        Some(it) => around.add(part.key.file, it.range, &it.before, &it.after),
        None => {
            let file = part.key.file;
            around.add(file, TextRange::empty(part.header), "async ", "");
            let elided = part.elided.iter();
            elided.for_each(|(range, text)| around.add(file, *range, "", text));
        }
    }
}

/// The attribute that boxes the futures of a trait or an impl, where it has none yet.
fn attribute(part: &Definition, form: Form) -> Option<(FileId, TextSize, String)> {
    let in_trait = part.in_trait.as_ref().filter(|it| it.boxed.is_none())?;
    let argument = match form {
        Form::Boxed(Boxed::Send) => "",
        Form::Boxed(Boxed::Local) => "(?Send)",
        Form::Plain | Form::Sent => return None,
    };
    let attribute = in_trait.attribute.as_ref()?;
    let (path, indent) = (&attribute.path, &attribute.indent);
    let text = format!("#[{path}{argument}]\n{indent}");
    Some((part.key.file, attribute.at, text))
}

/// The calls that lead back to a function which is under way: without a box, the size of its future
/// would have no end.
fn boxed(
    graph: &Graph,
    root: &Root,
    leads_to: &BTreeMap<FunctionKey, BTreeSet<FunctionKey>>,
) -> BTreeSet<usize> {
    let mut calls = Calls::new();
    let mut of_async = Vec::new();
    let functions = |key: &FunctionKey| graph.nodes[key].parts.iter().map(|it| it.key);
    for (index, (site, fate)) in root.calls.iter().enumerate() {
        if matches!(root.functions[&site.of], Form::Boxed(_)) {
            continue;
        }
        // Of a type that is not known here, each function of the trait may be called.
        let callees: Vec<FunctionKey> = match site.callee == site.of {
            true => functions(&site.of).collect(),
            false => vec![site.callee],
        };
        match (&site.caller, fate) {
            (Caller::Function(caller), Fate::Await) => {
                let of_caller = calls.entry(caller.key).or_default();
                of_caller.extend(callees.iter().map(|callee| (index, *callee)));
            }
            (Caller::Async(code), Fate::Await) => {
                let caller = code.function.into_iter();
                of_async.extend(caller.flat_map(|caller| {
                    let callees = callees.iter();
                    callees.map(move |callee| (index, caller, *callee))
                }));
            }
            _ => {}
        }
    }
    let all: BTreeSet<FunctionKey> = root.functions.keys().flat_map(functions).collect();
    let mut boxed = back_edges(&all, &calls);
    // What was async before is only under way where a driven future leads to it.
    for &(index, caller, callee) in &of_async {
        let mut open = vec![callee];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop().filter(|_| !boxed.contains(&index)) {
            if at == caller {
                boxed.insert(index);
            } else if seen.insert(at) {
                let inner = calls.get(&at).into_iter().flatten();
                open.extend(inner.map(|&(_, callee)| callee));
                open.extend(leads_to.get(&at).into_iter().flatten());
                let outer = of_async.iter().filter(|(_, caller, _)| *caller == at);
                open.extend(outer.map(|&(_, _, callee)| callee));
            }
        }
    }
    boxed
}

/// The calls in each function, with their callees.
type Calls = BTreeMap<FunctionKey, Vec<(usize, FunctionKey)>>;

/// One call of each cycle.
fn back_edges(functions: &BTreeSet<FunctionKey>, calls: &Calls) -> BTreeSet<usize> {
    let mut back = BTreeSet::new();
    let mut done = BTreeSet::new();
    for &start in functions {
        // Depth first: what is on the path is under way.
        let mut path: Vec<(FunctionKey, usize)> = Vec::new();
        if done.insert(start) {
            path.push((start, 0));
        }
        while let Some((at, turn)) = path.last_mut() {
            let call = calls.get(at).and_then(|calls| calls.get(*turn)).copied();
            *turn += 1;
            match call {
                None => drop(path.pop()),
                Some((index, callee)) if path.iter().any(|(under_way, _)| *under_way == callee) => {
                    back.insert(index);
                }
                Some((_, callee)) => {
                    if done.insert(callee) {
                        path.push((callee, 0));
                    }
                }
            }
        }
    }
    back
}

/// Whether no edit of a change stands in what another one replaces, or is written a second time.
pub fn fit_together(change: &Change) -> bool {
    if change.edits.iter().any(|edit| change.is_copied(edit)) {
        return false;
    }
    let mut sorted: Vec<&Edit> = change.edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.file, edit.range.start(), edit.range.end()));
    sorted
        .windows(2)
        .all(|pair| pair[0].file != pair[1].file || pair[0].range.end() <= pair[1].range.start())
}
