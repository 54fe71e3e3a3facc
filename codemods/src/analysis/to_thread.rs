//! A call that stops its thread, in a closure of its own where that may be: if all that it takes is
//! owned, and nobody uses it afterwards.

use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use super::{
    control::leaves_early,
    equivalents::{needed, spelling_of_row},
    in_place::{Rewritten, Written, made_by_macro},
    taken_along::{Copies, Taken, is_owned, taken_along},
};
use crate::{
    context::{FileContext, Output},
    knowledge::{Definition, Equivalent, Returns, Role},
    refusal::{Refusal, RefusalKind},
    text::{fresh_name, has_comment, shifted},
};

/// What goes on with a panic of the closure where its value is awaited.
const TAKES_PANIC: &str = ".unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))";

/// Where the code of one reactor may let a thread stop.
pub struct Pool<'a, 'b> {
    /// The file.
    pub ctx: &'b FileContext<'a>,
    /// The reactor, if it is known.
    pub family: Option<&'b str>,
}

impl<'a> Pool<'a, '_> {
    /// What runs a closure there: of several, one whose package is declared.
    pub fn row(&self) -> Option<&'a Equivalent> {
        let rows = self.ctx.known.knowledge.offloads.iter();
        let mut rows = rows.filter(|row| Some(row.family.as_str()) == self.family);
        let mut declared = rows.clone().filter(|row| {
            let package = row.package.as_deref().unwrap_or_default();
            let target = self.ctx.target;
            self.ctx.package.dependency(package, target).is_some()
        });
        declared.next().or_else(|| rows.next())
    }

    /// Its path.
    pub fn path(&self) -> Option<&'a str> {
        self.row().map(|row| row.path.as_str())
    }

    /// How a person puts a call there.
    pub fn advice(&self) -> String {
        match self.path() {
            Some(path) => format!(
                "put it, with what belongs to it, into `{path}(move || ..)`, and await that"
            ),
            None => "put it, with what belongs to it, where the runtime lets code block".to_owned(),
        }
    }

    /// Where a call of a function of the workspace belongs.
    pub fn advice_for_call(&self) -> String {
        match self.path() {
            Some(path) => format!("`{path}(move || ..)`, and await that"),
            None => "a place where the runtime lets code block".to_owned(),
        }
    }
}

/// The call, offloaded by `to`.
///
/// # Errors
/// What could not go to another thread, as R5; what the manifest lacks for it, as R6.
pub fn offloaded(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    to: &Equivalent,
    copies: Copies,
) -> Result<Rewritten, Refusal> {
    let refuse = |message: String| Refusal::new(RefusalKind::R5, message);
    let manifest = needed(ctx, call.syntax(), to)?;
    let layer = layer(ctx, to).ok_or_else(|| {
        let path = &to.path;
        refuse(format!("what `{path}` gives would have to be looked at"))
    })?;
    let work = Work::of(ctx, call)
        .ok_or_else(|| refuse("what it gives is not known to be owned".to_owned()))?;
    let node = work.whole.syntax();
    if does_more(ctx, &work) {
        let message = "more happens in the call than a closure could do";
        return Err(refuse(message.to_owned()));
    }
    let taken = taken_along(ctx, node, copies).map_err(refuse)?;
    let spelled = spelling_of_row(ctx, node, to).ok_or_else(|| {
        let path = &to.path;
        refuse(format!("`{path}` is not what goes by that path here"))
    })?;
    let range = ctx.source_range(node).ok_or_else(made_by_macro)?;
    let value = work.value(ctx, &taken).ok_or_else(made_by_macro)?;
    let (closure, indent) = closure(ctx, range, &value, &taken);
    let end = match layer {
        Some(layer) => format!("\n{indent}.await\n{indent}{layer}"),
        None => ".await".to_owned(),
    };
    let again = if work.fails.is_some() { "?" } else { "" };
    Ok(Rewritten {
        written: Written {
            range,
            text: format!("{}({closure}){end}{again}", spelled.text),
            kept: vec![range],
        },
        spelled: vec![spelled],
        elsewhere: Vec::new(),
        manifest,
    })
}

/// The closure as it is written at a place, and the indentation of what follows it.
fn closure(ctx: &FileContext<'_>, at: TextRange, value: &str, taken: &Taken) -> (String, String) {
    let (outer, unit) = (ctx.indent_at(at.start()), ctx.indent_unit());
    let inner = format!("{outer}{unit}");
    let in_lines = |indent: &str| match value.contains('\n') {
        true => {
            let deeper = format!("{indent}{unit}");
            let value = shifted(value, outer, &deeper);
            format!("move || {{\n{deeper}{value}\n{indent}}}")
        }
        false => format!("move || {value}"),
    };
    if taken.made.is_empty() {
        let after = if value.contains('\n') {
            outer.to_owned()
        } else {
            inner
        };
        return (in_lines(outer), after);
    }
    let made = taken.made.iter();
    let lets: String = made
        .map(|(name, value)| format!("{inner}let {name} = {value};\n"))
        .collect();
    let block = format!("{{\n{lets}{inner}{}\n{outer}}}", in_lines(&inner));
    (block, outer.to_owned())
}

/// What takes the error off that is around the value of the closure, if there is one.
fn layer(ctx: &FileContext<'_>, to: &Equivalent) -> Option<Option<&'static str>> {
    let definitions = ctx.known.definitions(ctx.db, &to.path);
    let api = definitions.into_iter().find_map(|it| match it {
        Definition::Function(function) => ctx.api(function),
        _ => None,
    })?;
    match &api.role {
        Role::Offload {
            returns: Returns::Handle,
            join,
            ..
        } => Some(join.as_ref().map(|_| TAKES_PANIC)),
        _ => None,
    }
}

/// The code that goes into the closure.
struct Work {
    /// The call, with the methods behind it that it takes until the value is owned.
    whole: ast::Expr,
    /// What gives a `Result` in it, if a `?` stands behind that.
    fails: Option<ast::Expr>,
}

impl Work {
    /// The smallest part of the chain from the call on whose value is owned.
    fn of(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<Work> {
        let owned = |expr: &ast::Expr| ctx.type_of(expr).is_some_and(|ty| is_owned(ctx, &ty));
        let mut whole = call.clone();
        let mut fails = None;
        while !owned(&whole) {
            let parent = whole.syntax().parent().and_then(ast::Expr::cast)?;
            match &parent {
                ast::Expr::MethodCallExpr(outer) if outer.receiver().as_ref() == Some(&whole) => {}
                ast::Expr::TryExpr(_) if fails.is_none() => {
                    let Output::Result(error) = ctx.classify(ctx.type_of(&whole)?) else {
                        return None;
                    };
                    if !is_owned(ctx, &error) {
                        return None;
                    }
                    fails = Some(whole);
                }
                _ => return None,
            }
            whole = parent;
        }
        Some(Work { whole, fails })
    }

    /// Its text, with what is taken along by its names there.
    fn value(&self, ctx: &FileContext<'_>, taken: &Taken) -> Option<String> {
        let range = ctx.source_range(self.whole.syntax())?;
        let Some(fails) = &self.fails else {
            return Some(renamed(ctx, range, taken));
        };
        let result = ctx.source_range(fails.syntax())?;
        let rest = TextRange::new(result.end(), range.end());
        let rest = renamed(ctx, rest, taken);
        let rest = rest.trim_start().strip_prefix('?')?;
        let name = fresh_name(self.whole.syntax(), &["value", "it"]);
        let text = renamed(ctx, result, taken);
        Some(format!("{text}.map(|{name}| {name}{})", rest.trim_start()))
    }
}

/// A part of the file, with the places in it that are taken along by their names there.
fn renamed(ctx: &FileContext<'_>, range: TextRange, taken: &Taken) -> String {
    let mut text = String::new();
    let mut at = range.start();
    for (place, name) in &taken.renamed {
        if range.contains_range(*place) {
            text += ctx.slice(TextRange::new(at, place.start()));
            text += name;
            at = place.end();
        }
    }
    text + ctx.slice(TextRange::new(at, range.end()))
}

/// Whether code does what a closure of its own can't: it waits, leaves the function, or is made by a
/// macro.
fn does_more(ctx: &FileContext<'_>, work: &Work) -> bool {
    let node = work.whole.syntax();
    let waits =
        |it: SyntaxNode| ast::MacroCall::can_cast(it.kind()) || ast::AwaitExpr::can_cast(it.kind());
    let Some(fails) = &work.fails else {
        return node.descendants().any(waits) || leaves_early(ctx, node);
    };
    let behind = TextRange::new(fails.syntax().text_range().end(), node.text_range().end());
    let tries = node.descendants().filter_map(ast::TryExpr::cast);
    node.descendants().any(waits)
        || leaves_early(ctx, fails.syntax())
        || tries.filter(|it| it.expr().as_ref() != Some(fails)).count() > 0
        || has_comment(ctx.source.syntax(), behind)
}
