//! What the compiler says now and did not say before.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use super::check::{Leftover, Problem};

/// What is compared with what was there before.
pub trait Said {
    /// What tells what is said apart, although lines moved.
    fn key(&self) -> (String, String, Option<PathBuf>);

    /// Where it stands.
    fn place(&self) -> Option<(&Path, Range<usize>)>;
}

impl Said for Problem {
    fn key(&self) -> (String, String, Option<PathBuf>) {
        (
            self.code.clone().unwrap_or_default(),
            without_positions(&self.message),
            self.places.first().map(|place| place.path.clone()),
        )
    }

    fn place(&self) -> Option<(&Path, Range<usize>)> {
        let place = self.places.first()?;
        Some((&place.path, place.range.clone()))
    }
}

impl Said for Leftover {
    fn key(&self) -> (String, String, Option<PathBuf>) {
        let path = self.edits.first().map(|(path, _, _)| path.clone());
        (self.lint.clone(), self.message.clone(), path)
    }

    fn place(&self) -> Option<(&Path, Range<usize>)> {
        let (path, range, _) = self.edits.first()?;
        Some((path, range.clone()))
    }
}

/// What is said now and was not said before. Where the same is said several times, what stands at
/// its old place is old; of the rest as many are old as are missing, the first ones. `origin` is
/// where in the user's own file something stands.
pub fn new_since<'a, T: Said>(
    now: &'a [T],
    before: &[T],
    origin: impl Fn(&Path, Range<usize>) -> Range<usize>,
) -> Vec<&'a T> {
    let mut known: BTreeMap<_, Vec<Option<Range<usize>>>> = BTreeMap::new();
    for it in before {
        let range = it.place().map(|(_, range)| range);
        known.entry(it.key()).or_default().push(range);
    }
    let moved: Vec<&T> = now
        .iter()
        .filter(|it| {
            let Some(known) = known.get_mut(&it.key()) else {
                return true;
            };
            let range = it.place().map(|(path, range)| origin(path, range));
            let same = known.iter().position(|known| *known == range);
            same.map(|index| known.swap_remove(index)).is_none()
        })
        .collect();
    let is_new = |it: &&T| known.get_mut(&it.key()).and_then(Vec::pop).is_none();
    moved.into_iter().filter(is_new).collect()
}

/// A message names closures and async blocks by line and column, which move:
/// `{async block@src/lib.rs:9:33: 9:43}`.
fn without_positions(message: &str) -> String {
    let mut parts = message.split('@');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('}').unwrap_or(0);
        text.push('@');
        text.extend(part[..end].chars().filter(|it| !it.is_ascii_digit()));
        text.push_str(&part[end..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::check::Place;

    fn problem(message: &str, at: usize) -> Problem {
        let place = Place {
            path: PathBuf::from("src/lib.rs"),
            range: at..at + 1,
            primary: true,
        };
        Problem {
            code: None,
            message: message.to_owned(),
            rendered: String::new(),
            places: vec![place],
        }
    }

    /// The places of what is new, where a change put 10 bytes before everything from 20 on, and
    /// wrote what stands from 50 on.
    fn new_places(now: &[usize], before: &[usize]) -> Vec<usize> {
        let problems = |places: &[usize]| -> Vec<Problem> {
            places.iter().map(|at| problem("wrong", *at)).collect()
        };
        let (now, before) = (problems(now), problems(before));
        let origin = |_: &Path, range: Range<usize>| match range.start {
            20.. if range.start < 50 => range.start - 10..range.end - 10,
            _ => range,
        };
        let new = new_since(&now, &before, origin);
        new.iter().map(|it| it.places[0].range.start).collect()
    }

    #[test]
    fn of_what_is_alike_the_place_tells_what_is_old() {
        assert_eq!(new_places(&[5, 31], &[5, 21]), [0_usize; 0]);
        assert_eq!(new_places(&[3, 5, 31], &[5, 21]), [3]);
        assert_eq!(new_places(&[31, 55], &[21]), [55]);
        // What was moved as a whole is no more than it was.
        assert_eq!(new_places(&[55], &[21]), [0_usize; 0]);
        assert_eq!(new_places(&[55, 60], &[21]), [60]);
    }

    #[test]
    fn lines_and_columns_in_a_message_are_no_difference() {
        let message = "expected `{async block@src/a1.rs:9:33: 9:43}` to be `Vec<[u8; 4]>`";
        let moved = "expected `{async block@src/a1.rs:19:33: 20:6}` to be `Vec<[u8; 4]>`";
        let other = "expected `{async block@src/a1.rs:9:33: 9:43}` to be `Vec<[u8; 5]>`";
        assert_eq!(problem(message, 1).key(), problem(moved, 2).key());
        assert_ne!(problem(message, 1).key(), problem(other, 1).key());
        assert_ne!(problem("a@b.org 1", 1).key(), problem("a@b.org 2", 1).key());
    }
}
