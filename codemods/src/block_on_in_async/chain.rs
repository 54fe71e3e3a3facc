//! Calls in functions that are not async: those that async code comes to, and what becomes async
//! with them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;

use super::{BRIDGES, OUTSIDE, explain::Chains, seed::Seed};
use crate::{
    analysis::{
        asyncify::{Around, asyncify, fit_together, wraps},
        bridges::Drivers,
        closures::{Wrap, WrittenOut, write_out},
        functions::{FunctionKey, ends_with_path},
        in_place::Trust,
        own_combinators::OwnCombinators,
        propagation::{Fate, Reason, Root, Source, decide},
        reach::Graph,
        twin::Twins,
    },
    change::Change,
    codemod::{Effect, Finding, Findings, Note, Safety, Verdict},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// Follows the seeds to the async code that comes to them, and says what is to be done.
pub fn follow(
    ws: &WorkspaceContext<'_>,
    seeds: Vec<Seed>,
    own: &OwnCombinators,
    findings: &mut Findings,
) -> Graph {
    let drivers = Drivers::new(seeds.iter().filter_map(|seed| seed.driver.clone()));
    let functions = seeds.iter().map(|seed| seed.function.clone()).collect();
    let graph = Graph::backward(ws, functions, &drivers, own);
    let (seeds, unreached): (Vec<Seed>, Vec<Seed>) = seeds
        .into_iter()
        .partition(|seed| graph.nodes[&seed.function.unit].is_wanted());
    let calls = unreached.iter().filter(|seed| seed.of_facade.is_none());
    calls.for_each(|_| findings.quiet(BRIDGES));
    // A call of a facade that can't wait may stay as it is.
    let (mut seeds, left): (Vec<Seed>, Vec<Seed>) = seeds
        .into_iter()
        .partition(|seed| !(seed.of_facade.is_some() && seed.stays(ws, &graph).is_some()));
    leave_overlapping(&mut seeds);
    let sources: Vec<Source> = seeds
        .iter()
        .map(|seed| Source {
            of: seed.function.unit,
            driver: seed.driver.clone(),
            stays: seed.stays(ws, &graph),
            not_send: seed.not_send.clone(),
        })
        .collect();
    let twins = Twins::beside(ws, &graph, &drivers);
    let decision = decide(ws, &graph, &sources, &drivers, &twins);
    let chains = Chains {
        ws,
        graph: &graph,
        twins: &twins,
        decision: &decision,
        own,
    };
    findings
        .items
        .extend(left.into_iter().map(|seed| chains.refused(seed)));
    let broken = chains.broken_roots(&seeds);
    let mut of_root: BTreeMap<usize, Vec<Seed>> = BTreeMap::new();
    for seed in seeds {
        let key = seed.function.unit;
        let root = decision
            .roots
            .iter()
            .position(|root| root.functions.contains_key(&key));
        match root {
            Some(root) => of_root.entry(root).or_default().push(seed),
            None if chains.is_chosen([key], findings) => findings.items.push(chains.refused(seed)),
            None => findings.quiet(OUTSIDE),
        }
    }
    for (index, seeds) in of_root {
        let root = &decision.roots[index];
        if !chains.is_chosen(root.functions.keys().copied(), findings) {
            seeds.iter().for_each(|_| findings.quiet(OUTSIDE));
            continue;
        }
        let mut finding = chains.rewritten(root, &seeds);
        let refused = broken.get(&index).cloned();
        if let Some(refusal) = refused.or_else(|| chains.too_large(root)) {
            finding.verdict = Verdict::Refused(refusal);
        }
        findings.items.push(finding);
    }
    graph
}

/// Leaves the calls of facades for another round that stand in a closure which is written out because
/// of another seed.
fn leave_overlapping(seeds: &mut Vec<Seed>) {
    let (facades, mut kept): (Vec<Seed>, Vec<Seed>) =
        seeds.drain(..).partition(|seed| seed.of_facade.is_some());
    for facade in facades {
        let fits = |other: &Seed| {
            let mut edits = facade.edits().iter();
            edits.all(|edit| other.edits().iter().all(|it| edit.fits_beside(it)))
        };
        if kept.iter().all(fits) {
            kept.push(facade);
        }
    }
    *seeds = kept;
}

/// Whether something else changes in the closures that are written out because of a seed.
fn is_shared(seed: &Seed, seeds: &[Seed], root: &Root) -> bool {
    let others = seeds.iter().filter(|it| it.place() != seed.place());
    let mut edits = others.flat_map(Seed::edits);
    let mut calls = root
        .calls
        .iter()
        .filter(|(site, fate)| site.file == seed.finding.file && !matches!(fate, Fate::Stay));
    edits.any(|edit| seed.edits().iter().any(|it| !edit.fits_beside(it)))
        || calls.any(|(site, _)| seed.takes_away(site.file, site.range))
}

impl Chains<'_> {
    /// Why a root is more than the user wants to see in one change.
    fn too_large(&self, root: &Root) -> Option<Refusal> {
        let most = self.ws.settings.max_functions?.get();
        let nodes = root.functions.keys().map(|key| &self.graph.nodes[key]);
        let found: usize = nodes.map(|node| node.parts.len()).sum();
        let message =
            format!("{found} functions would become async, and `--max-functions` allows {most}");
        (found > most).then(|| Refusal::new(RefusalKind::R7, message))
    }

    /// Whether the user wants to see what becomes of these functions, which belong together.
    fn is_chosen(
        &self,
        functions: impl IntoIterator<Item = FunctionKey>,
        findings: &mut Findings,
    ) -> bool {
        let Some(wanted) = &self.ws.settings.root else {
            return true;
        };
        let paths: Vec<String> = functions
            .into_iter()
            .flat_map(|key| &self.graph.nodes[&key].parts)
            .map(|part| part.path.clone())
            .collect();
        let chosen = paths.iter().any(|path| ends_with_path(path, wanted));
        findings.roots.insert(paths);
        chosen
    }

    /// A seed that stays, with the reason.
    fn refused(&self, seed: Seed) -> Finding {
        let (notes, message) = self.way(&seed);
        let mut finding = seed.finding;
        finding.message = message;
        finding.why.splice(0..0, notes);
        if matches!(finding.verdict, Verdict::Rewrite { .. }) {
            let key = seed.function.unit;
            let reason = self.decision.refused.get(&key).cloned();
            let reason = reason.unwrap_or_else(|| Reason {
                refusal: Refusal::new(RefusalKind::R9, "nothing would become async"),
                place: None,
            });
            if let Some(place) = reason.place {
                finding
                    .why
                    .push(Note::at(Some(place), "the reason stands here"));
            }
            finding.verdict = Verdict::Refused(reason.refusal);
        }
        finding
    }

    /// The closures of a root's calls, written out.
    fn write_out(
        &self,
        wraps: &BTreeMap<FileId, Vec<Wrap>>,
    ) -> Result<Vec<(FileId, Vec<WrittenOut>)>, Refusal> {
        let files: Vec<FileId> = wraps
            .iter()
            .filter(|(_, wraps)| wraps.iter().any(|it| it.in_closure))
            .map(|(file, _)| *file)
            .collect();
        let (looked, _) = self
            .ws
            .look(&files, |ctx| write_out(ctx, &wraps[&ctx.file], self.own));
        let looked = looked.into_iter();
        looked.map(|(file, it)| Ok((file, it?))).collect()
    }

    /// The change of a root, at its first seed.
    fn rewritten(&self, root: &Root, seeds: &[Seed]) -> Finding {
        let mut around = Around::default();
        let mut change = Change::default();
        let mut leads_to: BTreeMap<FunctionKey, BTreeSet<FunctionKey>> = BTreeMap::new();
        let mut trust = Trust::default();
        let mut effects = BTreeSet::new();
        let mut why = Vec::new();
        let mut together: Vec<(&Seed, Wrap)> = Vec::new();
        for seed in seeds {
            leads_to
                .entry(seed.function.key)
                .or_default()
                .extend(&seed.leads_to);
            if let Verdict::Rewrite {
                safety,
                change: own,
                effects: own_effects,
            } = &seed.finding.verdict
            {
                match seed.wrap().filter(|_| is_shared(seed, seeds, root)) {
                    Some(wrap) => together.push((seed, wrap)),
                    None => seed.add_to(own, &mut change, &mut around),
                }
                effects.extend(own_effects.iter().copied());
                if *safety < Safety::Safe {
                    trust.lower();
                }
            }
        }
        asyncify(self.graph, root, self.twins, &mut around, &mut change);
        let mut wraps = wraps(self.graph, root, &leads_to);
        for (seed, wrap) in &together {
            wraps
                .entry(seed.finding.file)
                .or_default()
                .push(wrap.clone());
        }
        let written_out = self.write_out(&wraps);
        for it in written_out.iter().flatten().flat_map(|(_, it)| it) {
            change.extend(&it.change);
            if it.comments {
                why.push(Note::new("a comment in the call goes away with it"));
                trust.lower();
            }
        }
        let gone: Vec<(FileId, TextRange)> = written_out
            .iter()
            .flatten()
            .flat_map(|(file, it)| it.iter().map(|it| (*file, it.range)))
            .collect();
        let is_gone = |file: FileId, range: TextRange| {
            let mut gone = gone.iter();
            gone.any(|(of, it)| *of == file && it.contains_range(range))
        };
        for (seed, wrap) in &together {
            let file = seed.finding.file;
            if !is_gone(file, wrap.range)
                && let Verdict::Rewrite { change: own, .. } = &seed.finding.verdict
            {
                seed.add_to(own, &mut change, &mut around);
            }
        }
        for (file, wraps) in &wraps {
            let calls = wraps.iter().filter(|it| it.inner == it.range);
            for wrap in calls.filter(|it| !is_gone(*file, it.range)) {
                around.add(*file, wrap.range, &wrap.before, &wrap.after);
            }
        }
        around.write(&mut change);
        let awaited = root.calls.iter();
        for (site, _) in awaited.filter(|(_, fate)| matches!(fate, Fate::Await)) {
            let mut own = site.around.clone();
            own.edits.retain(|edit| !is_gone(edit.file, edit.range));
            change.extend(&own);
            for it in &site.own {
                change.extend(it.twin().ok().unwrap_or(&Change::default()));
                why.extend(it.note().filter(|note| !why.contains(note)));
            }
        }
        let mut seen = HashSet::new();
        change.edits.retain(|edit| seen.insert(edit.clone()));
        for (site, fate) in &root.calls {
            match fate {
                Fate::Await => {
                    if let Some(note) = &site.cancelled {
                        why.push(note.clone());
                        effects.insert(Effect::Cancellation);
                        trust.lower();
                    }
                    if let Some(refusal) = site.not_send.as_ref().or(site.chosen.as_ref()) {
                        why.push(Note::at(
                            Some((site.file, site.range)),
                            refusal.message.clone(),
                        ));
                        trust.lower();
                    }
                }
                Fate::Bridge(bridge, _) => {
                    bridge.note_imports(site.file, &mut change);
                    trust.lower();
                }
                Fate::Stay => {}
            }
        }
        let conversion = self.conversion(root, seeds, &change, &mut trust);
        why.extend(self.boxed(root, &wraps));
        why.extend(self.without_runtime(root));
        why.extend(self.bridges(root));
        let (mut notes, message) = self.way(&seeds[0]);
        notes.extend(seeds[0].finding.why.iter().cloned());
        for seed in &seeds[1..] {
            notes.push(Note::at(
                Some(seed.place()),
                format!("{}, here too", seed.finding.message),
            ));
        }
        notes.extend(why);
        let verdict = match written_out {
            Err(refusal) => Verdict::Refused(refusal),
            Ok(_) if fit_together(&change) => Verdict::Rewrite {
                safety: trust.safety(),
                change,
                effects: effects.into_iter().collect(),
            },
            Ok(_) => {
                let message = "two of its edits would overlap";
                Verdict::Refused(Refusal::new(RefusalKind::R9, message))
            }
        };
        let finding = &seeds[0].finding;
        Finding {
            codemod: finding.codemod,
            file: finding.file,
            range: finding.range,
            message,
            why: notes,
            conversion: Some(conversion),
            verdict,
        }
    }
}
