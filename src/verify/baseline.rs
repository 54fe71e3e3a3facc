//! What the user's own files come to, before any change.

use std::{collections::BTreeSet, ops::Range, path::Path};

use anyhow::{Result, bail};

use super::{
    Place, Verifier,
    check::{Check, UNUSED},
    compare::new_since,
    configuration::Configuration,
    mirror::Texts,
    suite::{Suite, Test},
};

impl Verifier<'_> {
    /// What the compiler says of the user's own files.
    pub(super) fn baseline(&mut self, configuration: &Configuration) -> Result<&Check> {
        if !self.baselines.contains_key(configuration) {
            let mut check = self.check(configuration, &Texts::new(), "the workspace as it is")?;
            check.blame_leftovers();
            if !check.is_clean() {
                self.compare_with_no_mirror(configuration, &check)?;
            }
            self.baselines.insert(configuration.clone(), check);
        }
        Ok(&self.baselines[configuration])
    }

    /// What their tests come to.
    pub(super) fn suite(&mut self, configuration: &Configuration) -> Result<&Suite> {
        if !self.suites.contains_key(configuration) {
            let suite = self.test(configuration, &Texts::new(), &BTreeSet::new())?;
            self.suites.insert(configuration.clone(), suite);
        }
        Ok(&self.suites[configuration])
    }

    /// How many of their tests passed; `None` if none were run.
    pub fn tests(&self) -> Option<usize> {
        let passed = self.suites.values().map(|suite| &suite.passed);
        let tests: BTreeSet<&Test> = passed.flatten().collect();
        (!self.suites.is_empty()).then_some(tests.len())
    }

    /// A problem that only the mirror has would pass for one that was there before, and hide what a
    /// change breaks.
    fn compare_with_no_mirror(
        &mut self,
        configuration: &Configuration,
        check: &Check,
    ) -> Result<()> {
        if let Place::User(_) = self.place {
            return Ok(());
        }
        self.progress
            .say(&format!("compiling as you do, with {}", configuration.name));
        self.checks += 1;
        let mut own = self.caller(None, &Texts::new()).check(configuration)?;
        own.blame_leftovers();
        let unmoved = |_: &Path, range: Range<usize>| range;
        let mut new = new_since(&check.problems, &own.problems, unmoved);
        // Only the mirror's compiler is told to speak of it everywhere.
        new.retain(|problem| problem.code.as_deref() != Some(UNUSED));
        if new.is_empty() && check.compiles_what(&own) {
            return Ok(());
        }
        let problem = new.first().map(|problem| &problem.rendered);
        let words = problem.or(check.failure.as_ref());
        bail!(
            "the workspace can be compiled, but not in a mirror of it:\n{}\nhelp: \
             `--verify=in-place` compiles in your own files, under the journal",
            words.map_or("", |words| words.as_str())
        );
    }
}
