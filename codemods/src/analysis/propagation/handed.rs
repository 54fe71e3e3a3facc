//! Functions that drive futures with a runtime which they are handed over.

use std::collections::BTreeSet;

use super::{Fate, Reason, Root, contracts::Contracts};
use crate::{
    analysis::{
        functions::FunctionKey,
        sites::{Caller, Site},
    },
    refusal::{Refusal, RefusalKind},
};

impl Contracts<'_> {
    /// Takes out functions that hand a runtime over which is not known to be the one that they would run
    /// on: what they call drives its futures there.
    pub(super) fn refuse_what_hands_over(&mut self) {
        for (key, node) in &self.graph.nodes {
            if !self.is_handed(*key) {
                continue;
            }
            for site in &node.sites {
                if let Caller::Function(caller) = &site.caller
                    && let Err(refusal) = runs(site)
                {
                    let place = Some((site.file, site.range));
                    let reason = Reason { refusal, place };
                    self.refused.entry(caller.unit).or_insert(reason);
                }
            }
        }
    }

    /// Whether a function drives futures with what it is handed over.
    pub(super) fn is_handed(&self, key: FunctionKey) -> bool {
        let driver = self.drivers.get(&key).copied().flatten();
        driver.is_some() && driver == self.handed
    }

    /// The functions of a root that take no runtime any more: all that needed it is awaited.
    pub(super) fn without_runtime(&self, root: &Root) -> BTreeSet<FunctionKey> {
        let calls_of = |key| root.calls.iter().filter(move |(site, _)| site.of == key);
        let can_go = |key: &FunctionKey| {
            let mut parts = self.graph.nodes[key].parts.iter();
            let own = parts.all(|it| it.runtime.as_ref().is_some_and(|it| it.removal.is_some()));
            let handed = |site: &Site| site.handed.as_ref().is_some_and(|it| it.removal.is_some());
            own && self.is_handed(*key) && calls_of(*key).all(|(site, _)| handed(site))
        };
        let functions = root.functions.keys().copied();
        let mut without: BTreeSet<FunctionKey> = functions.filter(can_go).collect();
        loop {
            let goes = |key: &FunctionKey| {
                let parts = &self.graph.nodes[key].parts;
                parts.iter().all(|part| {
                    let handed_on = part.runtime.iter().flat_map(|it| &it.handed_on);
                    handed_on.copied().all(|argument| {
                        root.calls.iter().any(|(site, fate)| {
                            let handed = site.handed.as_ref().map(|it| it.argument);
                            let is_it = site.file == part.key.file && handed == Some(argument);
                            is_it && matches!(fate, Fate::Await) && without.contains(&site.of)
                        })
                    })
                })
            };
            let left: BTreeSet<FunctionKey> = without.iter().copied().filter(goes).collect();
            if left.len() == without.len() {
                return without;
            }
            without = left;
        }
    }
}

/// Whether a call hands over the runtime that it would be awaited on.
///
/// # Errors
/// If that is not known.
pub(super) fn runs(site: &Site) -> Result<(), Refusal> {
    let handed = site.handed.as_ref();
    let known = handed.is_some_and(|it| it.runs.is_some());
    // What is written out is written whole.
    if known && !site.in_closure {
        return Ok(());
    }
    let message = format!(
        "`{}` hands over a runtime that is not known to be the one it runs on",
        site.caller.name()
    );
    Err(Refusal::new(RefusalKind::R1, message))
}
