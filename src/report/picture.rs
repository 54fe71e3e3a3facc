//! Pictures of call chains: where boxes and lines go. A template draws them.

use std::collections::BTreeMap;

use crate::outcome::{Conversion, Finding, Outcome, Reason};

/// The width of a character, and the heights of a line and of a box, in pixels.
const CHARACTER: usize = 7;
const BOX: usize = 40;
/// The space between boxes, beside each other and below each other.
const BESIDE: usize = 36;
const BELOW: usize = 12;
/// The most characters of a label; the rest is in its tooltip.
const LABEL: usize = 72;

/// Boxes, and lines between them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// The boxes, in the order in which they are read.
    pub boxes: Vec<Box>,
    /// The lines, from a caller to what it calls.
    pub lines: Vec<Line>,
}

/// A place on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Box {
    /// The left edge.
    pub x: usize,
    /// The upper edge.
    pub y: usize,
    /// The width.
    pub width: usize,
    /// What it is.
    pub kind: Kind,
    /// Its name, or what happens there.
    pub label: String,
    /// All of it.
    pub full: String,
    /// The file and the line.
    pub place: String,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A step on the way.
    Step,
    /// Where the way ends: what blocks, or the future that is driven.
    End,
    /// A function that becomes async.
    Becomes,
}

/// A line from box to box, by their edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Where it starts.
    pub from: (usize, usize),
    /// Where it ends.
    pub to: (usize, usize),
}

impl Box {
    fn new(kind: Kind, full: String, place: String) -> Box {
        let short: String = full.chars().take(LABEL).collect();
        let label = match short.len() < full.len() {
            true => format!("{}…", short.trim_end()),
            false => short,
        };
        let longest = label.chars().count().max(place.chars().count());
        Box {
            x: 0,
            y: 0,
            width: longest * CHARACTER + 2 * CHARACTER,
            kind,
            label,
            full,
            place,
        }
    }

    /// The height, the same for all.
    pub fn height(&self) -> usize {
        BOX
    }
}

impl Kind {
    /// The class that the style sheet knows it by.
    pub fn class(self) -> &'static str {
        match self {
            Kind::Step => "step",
            Kind::End => "end",
            Kind::Becomes => "becomes",
        }
    }
}

impl Line {
    /// The curve, in the words of SVG.
    pub fn path(&self) -> String {
        let ((x1, y1), (x2, y2)) = (self.from, self.to);
        if x1 == x2 {
            return format!("M{x1} {y1}V{y2}");
        }
        let middle = usize::midpoint(x1, x2);
        format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")
    }
}

/// The calls that lead to a finding, if there are some.
pub fn way(outcome: &Outcome, finding: &Finding) -> Option<Picture> {
    let calls = finding.why.iter();
    let calls: Vec<&Reason> = calls.filter(|reason| reason.is_call).collect();
    if calls.is_empty() {
        return None;
    }
    let step = |kind, message: &str, path, line| {
        let place = format!("{}:{line}", outcome.shown(path));
        Box::new(kind, message.replace('`', ""), place)
    };
    let mut boxes: Vec<Box> = calls
        .iter()
        .map(|call| step(Kind::Step, &call.message, &call.path, call.line))
        .collect();
    let (path, line) = (&finding.path, finding.start.line);
    boxes.push(step(Kind::End, &finding.message, path, line));
    let mut picture = Picture::default();
    for (index, it) in boxes.iter_mut().enumerate() {
        it.y = index * (BOX + BELOW * 2);
        picture.width = picture.width.max(it.width);
        picture.height = it.y + BOX;
    }
    let steps = boxes.windows(2);
    picture.lines = steps
        .map(|pair| Line {
            from: (BESIDE, pair[0].y + BOX),
            to: (BESIDE, pair[1].y),
        })
        .collect();
    picture.boxes = boxes;
    Some(picture)
}

/// What becomes async together, from the callers on the left to the futures on the right.
pub fn conversions<'a>(
    outcome: &Outcome,
    conversions: impl Iterator<Item = &'a Conversion>,
) -> Option<Picture> {
    let tree = Tree::new(outcome, conversions);
    (!tree.nodes.is_empty()).then(|| tree.picture())
}

/// Each function under what it waits for: that is one thing, so that they are trees.
struct Tree {
    nodes: Vec<Box>,
    /// What calls each of the nodes.
    callers: Vec<Vec<usize>>,
    /// The futures.
    roots: Vec<usize>,
}

/// The places on the way from a function to the future, which tell what it waits for.
type Way = Vec<(String, usize)>;

impl Tree {
    fn new<'a>(outcome: &Outcome, conversions: impl Iterator<Item = &'a Conversion>) -> Tree {
        let mut functions: BTreeMap<Way, Box> = BTreeMap::new();
        for function in conversions.flat_map(|it| &it.functions) {
            let hops = function.because.iter();
            let way: Way = hops
                .map(|hop| (outcome.shown(&hop.path), hop.line))
                .collect();
            let becomes = &function.becomes;
            let place = format!("{}:{}", outcome.shown(&becomes.path), becomes.line);
            let node = Box::new(Kind::Becomes, short(&function.path), place);
            let node = Box {
                full: function.path.clone(),
                ..node
            };
            // Two on one line that wait for the same are told apart no further than by their names.
            let known = functions.entry(way).or_insert_with(|| node.clone());
            if known.full != node.full && !known.label.split(", ").any(|it| it == node.label) {
                let label = format!("{}, {}", known.label, node.label);
                *known = Box::new(Kind::Becomes, label, known.place.clone());
            }
        }
        let mut tree = Tree {
            nodes: Vec::new(),
            callers: Vec::new(),
            roots: Vec::new(),
        };
        let mut known: BTreeMap<Way, usize> = BTreeMap::new();
        // What is waited for comes before what waits: it is nearer to the future.
        let mut ways: Vec<&Way> = functions.keys().collect();
        ways.sort_by_key(|way| way.len());
        for way in ways {
            let below = way.get(1..).unwrap_or_default();
            let waits_for = match known.get(below) {
                Some(&node) => node,
                None => {
                    let place = way.last().map(|(path, line)| format!("{path}:{line}"));
                    let future = "the future that is driven today".to_owned();
                    let node = tree.add(Box::new(Kind::End, future, place.unwrap_or_default()));
                    tree.roots.push(node);
                    node
                }
            };
            let node = tree.add(functions[way].clone());
            tree.callers[waits_for].push(node);
            known.insert(way.clone(), node);
        }
        tree
    }

    fn add(&mut self, node: Box) -> usize {
        self.nodes.push(node);
        self.callers.push(Vec::new());
        self.nodes.len() - 1
    }

    fn picture(self) -> Picture {
        // Columns, from the futures on; those who call stand in the next one.
        let mut column = vec![0; self.nodes.len()];
        let mut order = self.roots.clone();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            for &caller in &self.callers[node] {
                column[caller] = column[node] + 1;
                order.push(caller);
            }
            next += 1;
        }
        let columns = column.iter().max().map_or(0, |last| last + 1);
        let mut widths = vec![0; columns];
        for (node, it) in self.nodes.iter().enumerate() {
            widths[column[node]] = widths[column[node]].max(it.width);
        }
        // The futures are on the right.
        let left = |column: usize| -> usize {
            widths[column + 1..]
                .iter()
                .map(|width| width + BESIDE)
                .sum()
        };
        let mut rows = vec![0; self.nodes.len()];
        let mut row = 0;
        for &root in &self.roots {
            self.place(root, &mut row, &mut rows);
        }
        let height = row * (BOX + BELOW);
        let mut picture = Picture {
            width: widths.iter().map(|width| width + BESIDE).sum::<usize>() - BESIDE,
            height: height - BELOW,
            ..Picture::default()
        };
        let boxes: Vec<Box> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(node, it)| Box {
                x: left(column[node]),
                y: rows[node],
                width: widths[column[node]],
                ..it.clone()
            })
            .collect();
        for &node in &order {
            let to = &boxes[node];
            picture
                .lines
                .extend(self.callers[node].iter().map(|&caller| {
                    let from = &boxes[caller];
                    Line {
                        from: (from.x + from.width, from.y + BOX / 2),
                        to: (to.x, to.y + BOX / 2),
                    }
                }));
        }
        picture.boxes = order.iter().map(|&node| boxes[node].clone()).collect();
        picture
    }

    /// Gives rows to a node and all that calls it: those that nobody calls have one each, and the
    /// others are in the middle of those that call them. Their depth is bounded by what may become
    /// async together.
    fn place(&self, node: usize, row: &mut usize, rows: &mut [usize]) {
        let callers = &self.callers[node];
        for &caller in callers {
            self.place(caller, row, rows);
        }
        rows[node] = match (callers.first(), callers.last()) {
            (Some(&first), Some(&last)) => usize::midpoint(rows[first], rows[last]),
            _ => {
                *row += 1;
                (*row - 1) * (BOX + BELOW)
            }
        };
    }
}

/// The last two names of a path.
fn short(path: &str) -> String {
    let names: Vec<&str> = path.split("::").collect();
    names[names.len().saturating_sub(2)..].join("::")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use unpark_codemods::codemod::Cost;

    use super::*;
    use crate::outcome::Converted;

    fn reason(line: usize) -> Reason {
        Reason {
            path: PathBuf::from("/w/a.rs"),
            line,
            message: String::new(),
            is_call: false,
        }
    }

    #[test]
    fn callers_stand_left_of_what_they_call() {
        let outcome = Outcome {
            root: PathBuf::from("/w"),
            ..Outcome::default()
        };
        let function = |path: &str, line, because: &[usize]| Converted {
            path: path.to_owned(),
            becomes: reason(line),
            because: because.iter().map(|&line| reason(line)).collect(),
            remarks: Vec::new(),
        };
        let conversion = Conversion {
            functions: vec![
                function("a::store::load", 1, &[2]),
                function("a::first", 4, &[5, 2]),
                function("a::second", 7, &[8, 2]),
            ],
            cost: Cost::default(),
        };
        let picture = conversions(&outcome, [&conversion].into_iter()).unwrap();
        let boxes: Vec<(&str, &str, usize)> = picture
            .boxes
            .iter()
            .map(|it| (it.label.as_str(), it.place.as_str(), it.y))
            .collect();
        let step = BOX + BELOW;
        assert_eq!(
            boxes,
            [
                ("the future that is driven today", "a.rs:2", step / 2),
                ("store::load", "a.rs:1", step / 2),
                ("a::first", "a.rs:4", 0),
                ("a::second", "a.rs:7", step),
            ]
        );
        let x: Vec<usize> = picture.boxes.iter().map(|it| it.x).collect();
        assert!(
            x[0] > x[1] && x[1] > x[2] && x[2] == x[3] && x[3] == 0,
            "{x:?}"
        );
        assert_eq!(picture.lines.len(), 3);
        assert_eq!(picture.height, 2 * BOX + BELOW);
        assert!(conversions(&outcome, [].into_iter()).is_none());
    }
}
