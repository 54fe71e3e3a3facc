//! A chain of iterator methods as a loop that does the same in the same order.

use ra_ap_hir::{HasCrate, Type};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasGenericArgs},
};

use super::{
    chain::Chain,
    collection::{Collection, Wrapper},
    inline::{Inline, block, head, indented, replaced},
    leaving::Outer,
    text::is_plain,
};
use crate::{
    analysis::{handle::is_place, in_place::Written},
    context::FileContext,
    knowledge::{End, Step},
    text::fresh_name,
};

/// A chain that is being written as a loop.
pub(super) struct Loop<'a, 'b> {
    ctx: &'b FileContext<'a>,
    pub(super) chain: &'b Chain,
    awaits: &'b [Written],
    pub(super) steps: Vec<(Step, Inline)>,
    pub(super) end: Vec<Inline>,
    pub(super) outer: Outer,
    unit: &'static str,
    /// The name of what is collected or counted.
    pub(super) result: String,
    /// The name of an element that has none.
    pub(super) item: String,
    pub(super) label: String,
    pub(super) nearby: SyntaxNode,
    /// What of the file stands in it.
    pub(super) kept: Vec<TextRange>,
}

impl<'a, 'b> Loop<'a, 'b> {
    pub(super) fn new(
        ctx: &'b FileContext<'a>,
        chain: &'b Chain,
        awaits: &'b [Written],
        outer: Outer,
    ) -> Result<Loop<'a, 'b>, String> {
        if let Some(between) = &chain.between {
            if chain.steps.is_empty() {
                return Err("nothing that waits can take its place".to_owned());
            }
            return Err(format!("`{between}` stands between it and its end"));
        }
        let nearby = chain.end.syntax().clone();
        let called = |call: &ast::MethodCallExpr, index: usize, arity: usize| {
            let argument = call.arg_list().and_then(|list| list.args().nth(index));
            let argument = argument.ok_or("it has no argument")?;
            Inline::of(ctx, &argument, awaits, arity, &nearby)
        };
        let mut steps = Vec::new();
        for (step, call) in &chain.steps {
            steps.push((*step, called(call, 0, 1)?));
        }
        let end = match chain.row.end {
            Some(End::Collect | End::Count | End::Drain) | None => Vec::new(),
            Some(End::Fold | End::TryFold) => vec![called(&chain.end, 1, 2)?],
            Some(_) => vec![called(&chain.end, 0, 1)?],
        };
        let all: Vec<&Inline> = steps.iter().map(|(_, inline)| inline).chain(&end).collect();
        for (index, inline) in all.iter().enumerate() {
            let mut later = all[index + 1..].iter();
            if let Some(name) = later.find_map(|later| inline.hides(later)) {
                return Err(format!("`{name}` would name something else in the loop"));
            }
        }
        let kept = all.iter().flat_map(|inline| inline.kept.clone()).collect();
        let label = fresh_label(&nearby, chain.row.name());
        let wanted = named_after(&chain.end);
        let wanted: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .chain(["values"])
            .collect();
        let result = match chain.row.end {
            Some(End::Count) => fresh_name(&nearby, &["count"]),
            Some(End::Position) => fresh_name(&nearby, &["position"]),
            Some(End::Drain) => fresh_name(&nearby, &["values"]),
            Some(End::Fold | End::TryFold) => fresh_name(&nearby, &["folded"]),
            _ => fresh_name(&nearby, &wanted),
        };
        Ok(Loop {
            ctx,
            chain,
            awaits,
            steps,
            end,
            outer,
            unit: ctx.indent_unit(),
            result,
            item: fresh_name(&nearby, &["item"]),
            label,
            nearby,
            kept,
        })
    }

    /// The bodies of the closures, and whether an error of each is one of the whole.
    pub(super) fn bodies(&self) -> Vec<(ast::Expr, bool)> {
        let last = self.steps.len() + self.end.len();
        let all = self
            .steps
            .iter()
            .map(|(step, inline)| (Some(*step), inline));
        let all = all.chain(self.end.iter().map(|inline| (None, inline)));
        all.enumerate()
            .filter_map(|(index, (step, inline))| {
                let last = index + 1 == last && matches!(step, None | Some(Step::Map));
                Some((inline.body.clone()?, last))
            })
            .collect()
    }

    /// Whether its errors leave by a `?`.
    pub(super) fn leaves_by_try(&self) -> bool {
        self.outer != Outer::Value
    }

    /// The loop, and what it gives.
    pub(super) fn text(&mut self) -> Result<String, String> {
        let end = self.chain.row.end.ok_or("it drives nothing")?;
        let (result, label) = (self.result.clone(), self.label.clone());
        match end {
            End::ForEach => self.looped(None),
            End::TryForEach => self.try_for_each(),
            End::Any => self.labelled("", "false"),
            End::All => self.labelled("", "true"),
            End::Find | End::FindMap => self.labelled("", "None"),
            End::Position => self.labelled(&format!("let mut {result} = 0usize;"), "None"),
            End::Count => {
                let body = self.looped(None)?;
                Ok(self.block(&[&format!("let mut {result} = 0usize;"), &body, &result]))
            }
            End::Fold => {
                let start = self.start_of_fold()?;
                let body = self.looped(None)?;
                Ok(self.block(&[&start, &body, &result]))
            }
            End::TryFold => {
                let start = self.start_of_fold()?;
                let body = self.looped(Some(self.wrapper()?.0))?;
                let ok = format!("{}({result})", self.wrapper()?.0.yes());
                match self.outer {
                    Outer::Try => Ok(self.block(&[&start, &body, &result])),
                    Outer::Tail => Ok(self.block(&[&start, &body, &ok])),
                    Outer::Value => Err("its error does not leave the function".to_owned()),
                }
            }
            End::Drain => {
                let body = self.looped(None)?;
                let new = format!("let mut {result} = Vec::new();");
                Ok(format!(
                    "{}\n.into_iter()",
                    self.block(&[&new, &body, &result])
                ))
            }
            End::Collect => self.collect(&label),
        }
    }

    fn labelled(&mut self, before: &str, last: &str) -> Result<String, String> {
        let body = self.looped(None)?;
        Ok(format!(
            "{}: {}",
            self.label,
            self.block(&[before, &body, last])
        ))
    }

    /// What a fold begins with.
    fn start_of_fold(&mut self) -> Result<String, String> {
        let arguments = self.chain.end.arg_list();
        let first = arguments.and_then(|list| list.args().next());
        let first = first.ok_or("it has no argument")?;
        let iterator = self.chain.first().receiver();
        let later = iterator.is_some_and(|it| self.can_be_made_later(&it));
        if !later && !is_plain(self.ctx, &first) {
            return Err("what it begins with would be made before the iterator is".to_owned());
        }
        let range = self.ctx.source_range(first.syntax());
        let range = range.ok_or("a macro makes what it begins with")?;
        self.kept.push(range);
        let first = replaced(self.ctx, range, self.awaits, &[]);
        Ok(format!("let mut {} = {first};", self.result))
    }

    /// Whether nobody can tell if an iterator is made later: the elements of something named that
    /// std lends out.
    fn can_be_made_later(&self, iterator: &ast::Expr) -> bool {
        let ast::Expr::MethodCallExpr(call) = iterator else {
            return false;
        };
        let lends = self.ctx.callee(iterator).is_some_and(|it| {
            it.krate(self.ctx.db).origin(self.ctx.db).is_lang()
                && it.name(self.ctx.db).as_str() == "iter"
        });
        lends && call.receiver().is_some_and(|it| is_place(&it))
    }

    /// The `Result` or `Option` that the call gives, and what is in it.
    fn wrapper(&self) -> Result<(Wrapper, Type<'a>), String> {
        let ty = self.ctx.type_of(&self.chain.end.clone().into());
        let wrapper = ty.and_then(|ty| Wrapper::of(self.ctx, &ty));
        wrapper.ok_or_else(|| "it gives neither a `Result` nor an `Option`".to_owned())
    }

    fn try_for_each(&mut self) -> Result<String, String> {
        let (wrapper, inner) = self.wrapper()?;
        if !inner.is_unit() {
            return Err("its value is not `()`".to_owned());
        }
        let ok = format!("{}(())", wrapper.yes());
        let body = self.looped(Some(wrapper))?;
        Ok(match self.outer {
            Outer::Try => body,
            Outer::Tail => self.block(&[&body, &ok]),
            Outer::Value => format!("{}: {}", self.label, self.block(&[&body, &ok])),
        })
    }

    fn collect(&mut self, label: &str) -> Result<String, String> {
        let ty = self.ctx.type_of(&self.chain.end.clone().into());
        let ty = ty.filter(|ty| !ty.contains_unknown());
        let ty = ty.ok_or("it is not known what it collects into")?;
        let (wrapper, inner) = match Wrapper::of(self.ctx, &ty) {
            Some((wrapper, inner)) => (Some(wrapper), inner),
            None => (None, ty.clone()),
        };
        let collection = Collection::of(self.ctx, &inner);
        let collection =
            collection.ok_or_else(|| format!("it collects into {}", self.ctx.display(&inner)))?;
        let body = self.looped_into(wrapper, collection)?;
        let result = self.result.clone();
        let new = match collection.empty() {
            "" => String::new(),
            new => format!("let mut {result} = {new};"),
        };
        let value = if new.is_empty() {
            "()".to_owned()
        } else {
            result
        };
        let Some(wrapper) = wrapper else {
            return Ok(self.block(&[&new, &body, &value]));
        };
        let ok = format!("{}({value})", wrapper.yes());
        Ok(match self.outer {
            Outer::Try if new.is_empty() => body,
            Outer::Try => self.block(&[&new, &body, &value]),
            Outer::Tail => self.block(&[&new, &body, &ok]),
            Outer::Value => {
                let block = format!("{label}: {}", self.block(&[&new, &body, &ok]));
                match self.error_is_said_by_call() {
                    false => block,
                    true => {
                        let ty = self.turbofish().unwrap_or_default();
                        let name = &self.result;
                        self.block(&[&format!("let {name}: {ty} = {block};"), name])
                    }
                }
            }
        })
    }

    /// Whether nothing but the types that the call names says what an error is.
    fn error_is_said_by_call(&self) -> bool {
        let last = self
            .end
            .last()
            .or(self.steps.last().map(|(_, inline)| inline));
        self.turbofish().is_some() && last.is_some_and(|inline| !inline.says_error())
    }

    /// The type between `::<` and `>`.
    fn turbofish(&self) -> Option<&'a str> {
        let list = self.chain.end.generic_arg_list()?;
        let argument = list.generic_args().next()?;
        self.ctx.source_text(argument.syntax())
    }

    fn looped(&mut self, wrapper: Option<Wrapper>) -> Result<String, String> {
        self.looped_into(wrapper, Collection::Unit)
    }

    /// The `for` itself.
    fn looped_into(
        &mut self,
        wrapper: Option<Wrapper>,
        collection: Collection,
    ) -> Result<String, String> {
        let early = wrapper.is_some() && self.outer != Outer::Value;
        if early && self.error_is_said_by_call() {
            return Err("only the types in the call say what an error of it is".to_owned());
        }
        let (pattern, body) = self.element(0, wrapper, collection);
        let head = self.head()?;
        let open = if head.contains('\n') { "\n{" } else { " {" };
        // A body that is a block is the loop's own.
        let own = match self.end.first() {
            Some(inline)
                if self.steps.is_empty() && inline.pattern(0, &self.nearby).1.is_empty() =>
            {
                match self.chain.row.end {
                    Some(End::ForEach) => inline.block(false),
                    Some(End::TryForEach) if early => inline.block(true),
                    _ => None,
                }
            }
            _ => None,
        };
        Ok(match own {
            Some(own) => format!("for {pattern} in {head}{}{own}", &open[..1]),
            None => format!(
                "for {pattern} in {head}{open}\n{}\n}}",
                self.indented(&body)
            ),
        })
    }

    /// What the loop goes over.
    fn head(&mut self) -> Result<String, String> {
        let receiver = self.chain.first().receiver().ok_or("it has no receiver")?;
        let range = self.ctx.source_range(receiver.syntax());
        let range = range.ok_or("a macro makes the iterator")?;
        self.kept.push(range);
        let text = in_one_line(replaced(self.ctx, range, self.awaits, &[]));
        let by_name = matches!(
            self.chain.row.end,
            Some(
                End::Any
                    | End::All
                    | End::Find
                    | End::FindMap
                    | End::Position
                    | End::TryForEach
                    | End::TryFold
            )
        );
        let ty = self.ctx.type_of(&receiver);
        let borrowed = ty.is_some_and(|ty| ty.is_mutable_reference());
        let lent = is_place(&receiver) && (borrowed || (self.steps.is_empty() && by_name));
        Ok(match lent {
            true => format!("{text}.by_ref()"),
            false => head(&receiver, text),
        })
    }

    pub(super) fn indented(&self, text: &str) -> String {
        indented(self.unit, text)
    }

    fn block(&self, parts: &[&str]) -> String {
        block(self.unit, parts)
    }
}

/// A chain of methods on several lines, on one if that is short.
fn in_one_line(text: String) -> String {
    const SHORT: usize = 60;
    let joined: Vec<&str> = text.lines().map(str::trim).collect();
    let chained = joined.iter().skip(1).all(|line| line.starts_with('.'));
    let plain = !text.contains("//") && !text.contains("/*") && !text.contains('"');
    let joined = joined.concat();
    match chained && plain && joined.len() <= SHORT {
        true => joined,
        false => text,
    }
}

/// The name that a `let` gives to what a chain gives.
fn named_after(end: &ast::MethodCallExpr) -> Option<String> {
    let outer = end.syntax().parent()?;
    let outer = match ast::TryExpr::can_cast(outer.kind()) {
        true => outer.parent()?,
        false => outer,
    };
    match ast::LetStmt::cast(outer)?.pat()? {
        ast::Pat::IdentPat(name) => Some(ast::HasName::name(&name)?.text().to_string()),
        _ => None,
    }
}

/// A label that nothing around or inside of a node has.
fn fresh_label(nearby: &SyntaxNode, name: &str) -> String {
    let function = nearby.ancestors().find_map(ast::Fn::cast);
    let text = function.map_or_else(
        || nearby.text().to_string(),
        |it| it.syntax().text().to_string(),
    );
    let numbered = (2..).map(|n| format!("'{name}_{n}"));
    std::iter::once(format!("'{name}"))
        .chain(numbered)
        .find(|label| !text.contains(label.as_str()))
        .expect("numbers do not end")
}
