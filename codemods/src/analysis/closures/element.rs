//! What a loop does with each element: the steps of a chain, and what its end makes of what is left.

use super::{
    collection::{Collection, Wrapper},
    inline::{Inline, lines},
    leaving::Outer,
    looped::Loop,
};
use crate::{
    knowledge::{End, Step},
    text::fresh_name,
};

impl Loop<'_, '_> {
    /// How an element is bound that comes to the step `index`, and what is done with it.
    pub(super) fn element(
        &self,
        index: usize,
        wrapper: Option<Wrapper>,
        collection: Collection,
    ) -> (String, String) {
        let Some((step, inline)) = self.steps.get(index) else {
            return self.last(wrapper, collection);
        };
        let (pattern, bind) = inline.pattern(0, &self.nearby);
        let item = &self.item;
        let (next, rest) = self.element(index + 1, wrapper, collection);
        let is_last = index + 1 == self.steps.len();
        match step {
            Step::Map if is_last && self.end.is_empty() => {
                let done = self.done(inline, wrapper, collection);
                (pattern, lines(&[&bind, &done]))
            }
            Step::Map => {
                let made = format!("let {next} = {};", inline.value());
                (pattern, lines(&[&bind, &made, &rest]))
            }
            Step::Filter => {
                let bind = inline.bind(0, &format!("&{item}"));
                let again = rebound(&next, item);
                let kept = self.indented(&lines(&[&again, &rest]));
                let kept = format!("if {} {{\n{kept}\n}}", inline.condition());
                (item.clone(), lines(&[&bind, &kept]))
            }
            Step::FilterMap | Step::FlatMap => {
                let made = fresh_name(&self.nearby, &["made"]);
                let value = format!("let {made} = {};", inline.value());
                let rest = self.indented(&rest);
                let inner = match step {
                    Step::FlatMap => format!("for {next} in {made} {{\n{rest}\n}}"),
                    _ => format!("if let Some({next}) = {made} {{\n{rest}\n}}"),
                };
                (pattern, lines(&[&bind, &value, &inner]))
            }
            Step::Inspect => {
                let bind = inline.bind(0, &format!("&{item}"));
                let seen = format!("{};", inline.value());
                (
                    item.clone(),
                    lines(&[&bind, &seen, &rebound(&next, item), &rest]),
                )
            }
        }
    }

    /// The same for the end of the chain.
    fn last(&self, wrapper: Option<Wrapper>, collection: Collection) -> (String, String) {
        let (result, item, label) = (&self.result, &self.item, &self.label);
        let Some(inline) = self.end.first() else {
            return match self.chain.row.end {
                Some(End::Count) => ("_".to_owned(), format!("{result} += 1;")),
                _ => (item.clone(), self.taken(item, wrapper, collection)),
            };
        };
        let (pattern, bind) = inline.pattern(0, &self.nearby);
        let found = |value: &str| {
            let exit = self.indented(&format!("break {label} {value};"));
            format!("if {} {{\n{exit}\n}}", inline.condition())
        };
        match self.chain.row.end {
            Some(End::Any) => (pattern, lines(&[&bind, &found("true")])),
            Some(End::All) => {
                let exit = self.indented(&format!("break {label} false;"));
                let check = format!("if !{} {{\n{exit}\n}}", inline.operand());
                (pattern, lines(&[&bind, &check]))
            }
            Some(End::Find) => {
                let bind = inline.bind(0, &format!("&{item}"));
                let found = found(&format!("Some({item})"));
                (item.clone(), lines(&[&bind, &found]))
            }
            Some(End::FindMap) => {
                let made = fresh_name(&self.nearby, &["made"]);
                let value = format!("let {made} = {};", inline.value());
                let exit = self.indented(&format!("break {label} {made};"));
                let check = format!("if {made}.is_some() {{\n{exit}\n}}");
                (pattern, lines(&[&bind, &value, &check]))
            }
            Some(End::Position) => {
                let found = found(&format!("Some({result})"));
                (pattern, lines(&[&bind, &found, &format!("{result} += 1;")]))
            }
            Some(end @ (End::Fold | End::TryFold)) => {
                let (next, bind_next) = inline.pattern(1, &self.nearby);
                let bind = inline.bind(0, result);
                let value = match end {
                    End::TryFold => inline.tried(),
                    _ => inline.value().to_owned(),
                };
                let set = format!("{result} = {value};");
                (next, lines(&[&bind_next, &bind, &set]))
            }
            Some(End::TryForEach) => (
                pattern,
                lines(&[&bind, &self.done(inline, wrapper, collection)]),
            ),
            _ => (pattern, lines(&[&bind, &format!("{};", inline.value())])),
        }
    }

    /// What is done with the value of the last closure.
    fn done(&self, inline: &Inline, wrapper: Option<Wrapper>, collection: Collection) -> String {
        match wrapper {
            Some(_) if self.outer != Outer::Value => self.add(&inline.tried(), collection),
            Some(_) if inline.block(false).is_some() => {
                let made = fresh_name(&self.nearby, &["made"]);
                let value = format!("let {made} = {};", inline.value());
                lines(&[&value, &self.taken(&made, wrapper, collection)])
            }
            _ => self.taken(inline.value(), wrapper, collection),
        }
    }

    /// What is done with an element.
    fn taken(&self, value: &str, wrapper: Option<Wrapper>, collection: Collection) -> String {
        let Some(wrapper) = wrapper else {
            return self.add(value, collection);
        };
        if self.outer != Outer::Value {
            return self.add(&format!("{value}?"), collection);
        }
        let good = fresh_name(&self.nearby, &["good"]);
        let error = fresh_name(&self.nearby, &["error"]);
        let label = &self.label;
        let (yes, add) = match collection {
            Collection::Unit => (format!("{}(())", wrapper.yes()), "{}".to_owned()),
            _ => {
                let add = self.add(&good, collection);
                let add = match add.strip_suffix(';').filter(|it| !it.contains(';')) {
                    Some(add) => format!("{add},"),
                    None => format!("{{\n{}\n}}", self.indented(&add)),
                };
                (format!("{}({good})", wrapper.yes()), add)
            }
        };
        let no = match wrapper {
            Wrapper::Result => format!("Err({error}) => break {label} Err({error}),"),
            Wrapper::Option => format!("None => break {label} None,"),
        };
        let arms = self.indented(&lines(&[&format!("{yes} => {add}"), &no]));
        format!("match {value} {{\n{arms}\n}}")
    }

    fn add(&self, value: &str, collection: Collection) -> String {
        let result = &self.result;
        match (self.chain.row.end, collection) {
            (Some(End::Count), _) => format!("let _ = {value};\n{result} += 1;"),
            (Some(End::Drain), _) | (_, Collection::Vec) => format!("{result}.push({value});"),
            (_, Collection::Unit) => format!("{value};"),
            (_, Collection::VecDeque) => format!("{result}.push_back({value});"),
            (_, Collection::HashSet | Collection::BTreeSet) => {
                format!("{result}.insert({value});")
            }
            (_, Collection::HashMap | Collection::BTreeMap) => {
                let key = fresh_name(&self.nearby, &["key"]);
                let of = fresh_name(&self.nearby, &["entry"]);
                format!("let ({key}, {of}) = {value};\n{result}.insert({key}, {of});")
            }
        }
    }
}

fn rebound(pattern: &str, item: &str) -> String {
    match pattern == item || pattern == "_" {
        true => String::new(),
        false => format!("let {pattern} = {item};"),
    }
}
