//! Delta debugging: the smallest part of a list that still fails.
//!
//! Source: A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
//! IEEE Transactions on Software Engineering 28(2), 2002.

/// A part of `items` that fails, and no longer does when any one of them is left out. With one
/// culprit among n it takes about 2·log2(n) tests. `items` as a whole is taken to fail.
///
/// # Errors
/// If a test can't be made.
pub fn minimal<T: Clone, E>(
    items: &[T],
    mut fails: impl FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut items = items.to_vec();
    let mut parts = 2;
    while items.len() > 1 {
        let size = items.len().div_ceil(parts);
        let chunks: Vec<&[T]> = items.chunks(size).collect();
        let mut smaller = None;
        for chunk in &chunks {
            if fails(chunk)? {
                smaller = Some((chunk.to_vec(), 2));
                break;
            }
        }
        // With two parts the rest of one is the other.
        if smaller.is_none() && chunks.len() > 2 {
            for index in 0..chunks.len() {
                let others = chunks
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != index);
                let rest: Vec<T> = others.flat_map(|(_, chunk)| chunk.to_vec()).collect();
                if fails(&rest)? {
                    smaller = Some((rest, (parts - 1).max(2)));
                    break;
                }
            }
        }
        match smaller {
            Some((part, next)) => (items, parts) = (part, next),
            None if parts >= items.len() => break,
            None => parts = (parts * 2).min(items.len()),
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, convert::Infallible};

    use proptest::prelude::*;

    use super::*;

    fn isolate(count: usize, culprits: &BTreeSet<usize>) -> (BTreeSet<usize>, usize) {
        let items: Vec<usize> = (0..count).collect();
        let mut tests = 0;
        let found = minimal(&items, |part| -> Result<bool, Infallible> {
            tests += 1;
            Ok(culprits.iter().all(|culprit| part.contains(culprit)))
        });
        let Ok(found) = found;
        (found.into_iter().collect(), tests)
    }

    proptest! {
        #[test]
        fn one_culprit_is_found_in_logarithmic_time(count in 1usize..200, at in any::<prop::sample::Index>()) {
            let culprits = BTreeSet::from([at.index(count)]);
            let (found, tests) = isolate(count, &culprits);
            prop_assert_eq!(found, culprits);
            prop_assert!(tests as f64 <= 2.0 * (count as f64).log2().ceil());
        }

        #[test]
        fn what_fails_only_together_is_found_together(
            count in 2usize..60,
            at in prop::collection::vec(any::<prop::sample::Index>(), 2..4),
        ) {
            let culprits: BTreeSet<usize> = at.iter().map(|at| at.index(count)).collect();
            prop_assert_eq!(isolate(count, &culprits).0, culprits);
        }
    }
}
