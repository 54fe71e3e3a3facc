//! The algebra of edits: what holds for all texts and all edits, checked on many of them.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, RngSeed},
};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::TextRange;
use unpark::{
    overlay::{Overlay, Replacement},
    source::{Lines, Source, with_line_ends_of},
};
use unpark_codemods::change::{self, Edit};

/// The same cases in every run: a failure is one of the code, not of the day.
fn config() -> Config {
    Config {
        cases: 1000,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x756e_7061_726b),
        ..Config::default()
    }
}

/// Texts of what makes offsets difficult: characters of several bytes, and both line ends.
fn text(most: usize) -> impl Strategy<Value = String> {
    let piece = select(vec![
        "a", "b", " ", "\n", "\r\n", "\r", "é", "→", "𝄞", "e\u{301}", "\u{feff}", "(", "let x;",
    ]);
    prop::collection::vec(piece, 0..=most).prop_map(|pieces| pieces.concat())
}

/// Places of a round, for a text that is only known when the round begins. `None` stands for what
/// is there already.
type Round = Vec<(Index, Index, Option<String>)>;

fn round() -> impl Strategy<Value = Round> {
    let replacement = prop::option::weighted(0.8, text(3));
    prop::collection::vec((any::<Index>(), any::<Index>(), replacement), 0..5)
}

fn boundaries(text: &str) -> Vec<usize> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.chain([text.len()]).collect()
}

/// Replacements in the order of their places, which may touch and do not overlap: those of the
/// round that fit.
fn replacements(text: &str, round: &Round) -> Vec<Replacement> {
    let boundaries = boundaries(text);
    let mut taken: Vec<Replacement> = Vec::new();
    for (a, b, replacement) in round {
        let (a, b) = (*a.get(&boundaries), *b.get(&boundaries));
        // Short ones too, or a round would seldom have more than one.
        let (start, end) = (a.min(b), a.max(b));
        let end = boundaries
            .iter()
            .copied()
            .filter(|&at| at >= start && at <= end)
            .nth(3)
            .unwrap_or(end);
        let fits = taken.iter().all(|other| {
            let both_insert = start == end && other.start == other.end;
            (end <= other.start || other.end <= start) && !(both_insert && start == other.start)
        });
        if fits {
            taken.push(Replacement {
                start,
                end,
                replacement: replacement
                    .clone()
                    .unwrap_or_else(|| text[start..end].to_owned()),
            });
        }
    }
    taken.sort_by_key(|it| (it.start, it.end));
    taken
}

/// What an overlay is meant to be, byte by byte: where each comes from.
#[derive(Clone)]
struct Model {
    bytes: Vec<(u8, Origin)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Original(usize),
    Inserted(usize),
}

impl Model {
    fn new(text: &str) -> Model {
        let bytes = text.bytes().enumerate();
        Model {
            bytes: bytes
                .map(|(at, byte)| (byte, Origin::Original(at)))
                .collect(),
        }
    }

    fn apply(&mut self, replacements: &[Replacement], by: usize) {
        for it in replacements.iter().rev() {
            let inserted = it.replacement.bytes();
            self.bytes.splice(
                it.start..it.end,
                inserted.map(|byte| (byte, Origin::Inserted(by))),
            );
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.iter().map(|(byte, _)| *byte).collect())
            .expect("replacements stand at characters")
    }

    /// The writers of the runs of inserted bytes that touch a range.
    fn writers(&self, range: &Range<usize>) -> BTreeSet<usize> {
        let near = range.start.saturating_sub(1)..(range.end + 1).min(self.bytes.len());
        self.bytes[near]
            .iter()
            .filter_map(|(_, origin)| match origin {
                Origin::Inserted(by) => Some(*by),
                Origin::Original(_) => None,
            })
            .collect()
    }
}

fn played(original: &str, rounds: &[Round]) -> (Overlay, Model) {
    let mut overlay = Overlay::new(Arc::from(original));
    let mut model = Model::new(original);
    for (by, round) in rounds.iter().enumerate() {
        let replacements = replacements(&model.text(), round);
        overlay.apply(&replacements, by);
        model.apply(&replacements, by);
    }
    (overlay, model)
}

fn replaced(original: &str, edits: &[Replacement]) -> String {
    let mut text = original.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.start..edit.end, &edit.replacement);
    }
    text
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_overlay_is_its_text(original in text(30), rounds in prop::collection::vec(round(), 0..6)) {
        let (overlay, model) = played(&original, &rounds);
        prop_assert_eq!(overlay.text(), model.text());
        prop_assert_eq!(&**overlay.original(), &original);
    }

    #[test]
    fn the_edits_lead_from_the_original_to_the_text(
        original in text(30),
        rounds in prop::collection::vec(round(), 0..6),
    ) {
        let (overlay, model) = played(&original, &rounds);
        let edits = overlay.edits();
        prop_assert_eq!(replaced(&original, &edits), model.text());
        for edit in &edits {
            prop_assert_ne!(&original[edit.start..edit.end], &edit.replacement, "an edit of nothing");
        }
        for pair in edits.windows(2) {
            prop_assert!(pair[0].end < pair[1].start, "{pair:?} touch or are out of order");
        }
        prop_assert_eq!(overlay.is_unchanged(), edits.is_empty());
        if original != model.text() {
            prop_assert!(!overlay.is_unchanged());
        }
    }

    #[test]
    fn the_way_back_is_monotone_and_exact_for_what_was_not_touched(
        original in text(30),
        rounds in prop::collection::vec(round(), 0..6),
    ) {
        let (overlay, model) = played(&original, &rounds);
        let mut last = 0;
        for offset in 0..=model.bytes.len() {
            let back = overlay.to_original(offset);
            prop_assert!(last <= back, "{offset} goes back to {back}, behind {last}");
            prop_assert!(back <= original.len());
            last = back;
            if let Some((_, Origin::Original(at))) = model.bytes.get(offset) {
                prop_assert_eq!(back, *at);
            }
        }
        // The end of the text is the end of the file, whatever was put there.
        prop_assert_eq!(overlay.to_original(model.bytes.len()), original.len());
    }

    #[test]
    fn a_place_knows_who_wrote_at_it(
        original in text(20),
        rounds in prop::collection::vec(round(), 0..5),
        places in prop::collection::vec((any::<Index>(), any::<Index>()), 1..8),
    ) {
        let (overlay, model) = played(&original, &rounds);
        let text = model.text();
        let boundaries = boundaries(&text);
        for (a, b) in places {
            let (a, b) = (*a.get(&boundaries), *b.get(&boundaries));
            let range = a.min(b)..a.max(b);
            prop_assert_eq!(overlay.writers(range.clone()), model.writers(&range), "{:?}", range);
        }
    }
}

const FILE: FileId = FileId::from_raw(0);
const OTHER: FileId = FileId::from_raw(1);

fn edit(start: usize, end: usize, text: &str) -> Edit {
    let offset = |at: usize| u32::try_from(at).expect("texts are short").into();
    Edit {
        file: FILE,
        range: TextRange::new(offset(start), offset(end)),
        text: text.to_owned(),
    }
}

/// Edits anywhere in a text, overlapping ones and equal ones too.
fn edits(text: &str, places: &[(Index, Index, &'static str)]) -> Vec<Edit> {
    let boundaries = boundaries(text);
    places
        .iter()
        .map(|(a, b, text)| {
            let (a, b) = (*a.get(&boundaries), *b.get(&boundaries));
            edit(a.min(b), a.max(b), text)
        })
        .collect()
}

fn places(most: usize) -> impl Strategy<Value = Vec<(Index, Index, &'static str)>> {
    let word = select(vec!["", "x", "é\n", "yy"]);
    prop::collection::vec((any::<Index>(), any::<Index>(), word), 2..most)
}

/// Applies `second` to what `first` left, at the place that it has there.
fn one_after_the_other(text: &str, first: &Edit, second: &Edit) -> String {
    let after = change::apply(text, std::slice::from_ref(first));
    if first == second {
        return after;
    }
    let behind = first.range.end() <= second.range.start()
        // An insertion at the start of what is replaced stands before it.
        && !(second.range.is_empty() && second.range.start() == first.range.start());
    let shift = |at: u32| {
        let at = at as usize;
        if behind {
            at + first.text.len() - usize::from(first.range.len())
        } else {
            at
        }
    };
    let (start, end) = (second.range.start().into(), second.range.end().into());
    change::apply(&after, &[edit(shift(start), shift(end), &second.text)])
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fitting_is_symmetric(text in text(6), places in places(6)) {
        let edits = edits(&text, &places);
        for a in &edits {
            prop_assert!(a.fits_beside(a), "an edit fits beside itself");
            let elsewhere = Edit { file: OTHER, ..a.clone() };
            for b in &edits {
                prop_assert_eq!(a.fits_beside(b), b.fits_beside(a));
                prop_assert!(elsewhere.fits_beside(b), "files are apart");
            }
        }
    }

    #[test]
    fn edits_that_fit_can_be_applied_in_any_order(text in text(6), places in places(4)) {
        let edits = edits(&text, &places);
        for a in &edits {
            for b in edits.iter().filter(|b| a.fits_beside(b)) {
                let together = change::apply(&text, &[a.clone(), b.clone()]);
                prop_assert_eq!(&together, &change::apply(&text, &[b.clone(), a.clone()]));
                prop_assert_eq!(&together, &one_after_the_other(&text, a, b), "{:?} {:?}", a, b);
                prop_assert_eq!(&together, &one_after_the_other(&text, b, a), "{:?} {:?}", b, a);
            }
        }
    }

    #[test]
    fn equal_edits_are_one(text in text(6), places in places(3)) {
        for edit in edits(&text, &places) {
            let once = change::apply(&text, std::slice::from_ref(&edit));
            prop_assert_eq!(once, change::apply(&text, &[edit.clone(), edit.clone(), edit]));
        }
    }

    #[test]
    fn edits_that_all_fit_apply_together(text in text(12), places in places(8)) {
        let mut taken: Vec<Edit> = Vec::new();
        for edit in edits(&text, &places) {
            if taken.iter().all(|other| edit.fits_beside(other)) {
                taken.push(edit);
            }
        }
        let forwards = change::apply(&text, &taken);
        taken.reverse();
        prop_assert_eq!(&forwards, &change::apply(&text, &taken));
        // What a round takes is what the overlay writes.
        let mut sorted = taken.clone();
        sorted.sort_by_key(|edit| (edit.range.start(), edit.range.end()));
        sorted.dedup();
        let replacements: Vec<Replacement> = sorted
            .iter()
            .map(|edit| Replacement {
                start: edit.range.start().into(),
                end: edit.range.end().into(),
                replacement: edit.text.clone(),
            })
            .collect();
        let mut overlay = Overlay::new(Arc::from(text.as_str()));
        overlay.apply(&replacements, 0);
        prop_assert_eq!(forwards, overlay.text());
    }

    #[test]
    fn a_file_keeps_its_form(text in text(20), bom: bool) {
        // A second mark is part of the text.
        let bytes = if bom { format!("\u{feff}{text}") } else { text.clone() }.into_bytes();
        let source = Source::decode(bytes.clone()).expect("it is UTF-8");
        prop_assert_eq!(source.encode(&source.text), bytes.clone());
        prop_assert_eq!(source.bom, bom || text.starts_with('\u{feff}'));
        prop_assert_eq!(source.shift() + source.text.len(), bytes.len());
    }

    #[test]
    fn a_position_counts_lines_and_characters(text in text(30), place: Index, shift in 0..4usize) {
        let offset = *place.get(&boundaries(&text));
        let lines = Lines::new(&text, shift);
        let position = lines.position(offset);
        let (above, before) = text[..offset].rsplit_once('\n').unwrap_or(("", &text[..offset]));
        let newlines = text[..offset].matches('\n').count();
        prop_assert_eq!(position.line, newlines + 1);
        prop_assert!(above.len() <= offset);
        prop_assert_eq!(position.column, before.chars().count() + 1);
        prop_assert_eq!(position.byte, offset + shift);
        let line = text.split('\n').nth(newlines).expect("it has that line");
        prop_assert_eq!(lines.line(position.line), line.trim_end_matches('\r'));
    }

    #[test]
    fn what_is_inserted_takes_the_line_ends_around_it(place: Index, crlf: bool, pieces in text(10)) {
        let newline = if crlf { "\r\n" } else { "\n" };
        let plain = pieces.replace('\r', "");
        let text = plain.replace('\n', newline);
        // Between the two bytes of a line end there is no place.
        let places: Vec<usize> = boundaries(&text)
            .into_iter()
            .filter(|&at| !(text[..at].ends_with('\r') && text[at..].starts_with('\n')))
            .collect();
        let offset = *place.get(&places);
        let inserted = with_line_ends_of(&text, offset, "one\ntwo\n");
        let expected = if text.contains('\n') && crlf { "one\r\ntwo\r\n" } else { "one\ntwo\n" };
        prop_assert_eq!(inserted, expected);
    }
}

#[test]
fn touching_is_not_overlapping() {
    let (left, right) = (edit(0, 2, "L"), edit(2, 4, "R"));
    assert!(left.fits_beside(&right));
    assert_eq!(change::apply("aabb", &[right, left.clone()]), "LR");
    // An insertion may stand at either edge, and not inside.
    for (at, expected) in [(0, "IL"), (2, "LI")] {
        let insertion = edit(at, at, "I");
        assert!(left.fits_beside(&insertion));
        assert_eq!(change::apply("aa", &[left.clone(), insertion]), expected);
    }
    assert!(!left.fits_beside(&edit(1, 1, "I")));
    assert!(!left.fits_beside(&edit(1, 3, "")));
    assert!(!left.fits_beside(&edit(0, 2, "another")));
}

#[test]
fn two_insertions_at_one_place_have_no_order() {
    assert!(!edit(1, 1, "a").fits_beside(&edit(1, 1, "b")));
}

/// What a codemod copies from a file has the file's line ends already.
#[test]
fn line_ends_are_not_doubled() {
    assert_eq!(with_line_ends_of("a\r\nb", 3, "x\r\ny\n"), "x\r\ny\r\n");
    assert_eq!(with_line_ends_of("a\nb", 2, "x\r\ny\n"), "x\ny\n");
}

#[test]
fn bytes_that_are_not_utf8_are_no_source() {
    assert!(Source::decode(b"// \xff".to_vec()).is_none());
}
