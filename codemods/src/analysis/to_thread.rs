//! A call that stops its thread, in a closure of its own where that may be: if all that it takes is
//! owned, and nobody uses it afterwards.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use super::{
    control::leaves_early,
    equivalents::{needed, spelling_of_row},
    handle::cloned,
    in_place::{Rewritten, Written, made_by_macro},
    taken_along::{Copies, Taken, is_owned, taken_along},
};
use crate::{
    change::Edit,
    context::{FileContext, Output},
    knowledge::{Definition, Equivalent, Returns, Role},
    refusal::{Refusal, RefusalKind},
    text::{fresh_name, has_comment, names, shifted, words},
};

/// What goes on with a panic of the closure where its value is awaited.
pub const TAKES_PANIC: &str =
    ".unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))";

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
        return Err(refuse(DOES_MORE.to_owned()));
    }
    let taken = taken_along(ctx, node, copies, Taken::default()).map_err(refuse)?;
    let value = work.value(ctx, &taken).ok_or_else(made_by_macro)?;
    let again = if work.fails.is_some() { "?" } else { "" };
    let end = Ending {
        layer: layer.unwrap_or_default(),
        again,
    };
    written(ctx, node, to, &value, &taken, end, manifest)
}

/// A call of the workspace's own, which is awaited today, offloaded by `to`; the code of `layer` takes
/// off what that has around its value. What other code is given by it goes to another thread already.
///
/// # Errors
/// What could not go to another thread, as R5; what the manifest lacks for it, as R6.
pub fn call_offloaded(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    to: &Equivalent,
    layer: &str,
) -> Result<Rewritten, Refusal> {
    let node = call.syntax();
    let manifest = needed(ctx, node, to)?;
    let along = |before| taken_along(ctx, node, Copies::Cheap, before);
    let as_it_is = match happens_here(ctx, node) {
        true => Err(DOES_MORE.to_owned()),
        false => along(Taken::default()),
    };
    // What needs nothing made for it is the simplest; else what the call makes is enough.
    let taken = match as_it_is {
        Ok(taken) if taken.made.is_empty() => Ok(taken),
        other => made_before(ctx, call).and_then(along).or(other),
    };
    let taken = taken.map_err(|message| Refusal::new(RefusalKind::R5, message))?;
    let range = ctx.source_range(node).ok_or_else(made_by_macro)?;
    let value = renamed(ctx, range, &taken);
    let end = Ending { layer, again: "" };
    written(ctx, node, to, &value, &taken, end, manifest)
}

/// How long the layer may be to stand on the line of the call.
const SHORT: usize = 20;

const DOES_MORE: &str = "more happens in the call than a closure could do";

/// What stands behind the `.await` of an offload.
struct Ending<'a> {
    /// What takes the error off that is around the value.
    layer: &'a str,
    /// A `?` for the value's own.
    again: &'a str,
}

/// The code that takes the place of `node`, which a closure does.
fn written(
    ctx: &FileContext<'_>,
    node: &SyntaxNode,
    to: &Equivalent,
    value: &str,
    taken: &Taken,
    end: Ending<'_>,
    manifest: Option<Edit>,
) -> Result<Rewritten, Refusal> {
    let spelled = spelling_of_row(ctx, node, to).ok_or_else(|| {
        let path = &to.path;
        let message = format!("`{path}` is not what goes by that path here");
        Refusal::new(RefusalKind::R5, message)
    })?;
    let range = ctx.source_range(node).ok_or_else(made_by_macro)?;
    let (closure, indent) = closure(ctx, range, value, taken);
    let Ending { layer, again } = end;
    let end = match layer.len() > SHORT {
        true => format!("\n{indent}.await\n{indent}{layer}"),
        false => format!(".await{layer}"),
    };
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

/// What a call is given that is a value by itself, made before it.
fn made_before(ctx: &FileContext<'_>, call: &ast::Expr) -> Result<Taken, String> {
    let callee = ctx.callee(call).ok_or(DOES_MORE)?;
    let (list, receiver, path) = match call {
        ast::Expr::CallExpr(it) => (it.arg_list(), None, it.expr()),
        ast::Expr::MethodCallExpr(it) => (it.arg_list(), it.receiver(), None),
        _ => return Err(DOES_MORE.to_owned()),
    };
    if path.iter().any(|it| !matches!(it, ast::Expr::PathExpr(_))) {
        return Err(DOES_MORE.to_owned());
    }
    let given = receiver.into_iter().chain(list.ok_or(DOES_MORE)?.args());
    let given: Vec<ast::Expr> = given.collect();
    let mut taken = Taken::default();
    for (one, parameter) in given.iter().zip(callee.assoc_fn_params(ctx.db)) {
        let Some(value) = made_by(one) else {
            continue;
        };
        let range = ctx.source_range(value.syntax()).ok_or(DOES_MORE)?;
        let text = ctx.slice(range);
        if !ctx.type_of(&value).is_some_and(|ty| is_owned(ctx, &ty)) {
            return Err(format!("`{text}` is not known to be owned"));
        }
        let others = given.iter().chain(&path).filter(|it| *it != one);
        let taken_names: Vec<String> = others.flat_map(|it| words(it.syntax())).collect();
        let is_free = |name: &String| {
            let is_taken = taken_names.iter().any(|word| names(word, name));
            !is_taken && ctx.can_be_bound(call.syntax(), name)
        };
        let own = parameter.name(ctx.db);
        let own = own.as_ref().map(|it| it.as_str());
        let own = own.filter(|it| *it != "self").unwrap_or("value");
        let own = name_of_clone(ctx, &value).unwrap_or_else(|| own.to_owned());
        let numbered = (2..100).map(|n| format!("{own}_{n}"));
        let mut wanted = std::iter::once(own.clone()).chain(numbered);
        let name = wanted.find(is_free).ok_or(DOES_MORE)?;
        taken.made.push((name.clone(), text.to_owned()));
        taken.renamed.push((range, name));
    }
    Ok(taken)
}

/// The name of the local that a value is a clone of: the clone may go by it.
fn name_of_clone(ctx: &FileContext<'_>, value: &ast::Expr) -> Option<String> {
    let ast::Expr::PathExpr(path) = cloned(ctx, value)? else {
        return None;
    };
    let name = path.path()?.as_single_name_ref()?;
    let name = name.ident_token()?.text().to_owned();
    Some(name)
}

/// The value in an argument that is more than a name or a literal, without the `&` before it.
fn made_by(argument: &ast::Expr) -> Option<ast::Expr> {
    match argument {
        ast::Expr::PathExpr(_) | ast::Expr::Literal(_) => None,
        ast::Expr::FieldExpr(field) => made_by(&field.expr()?).map(|_| argument.clone()),
        ast::Expr::ParenExpr(inner) => made_by(&inner.expr()?),
        ast::Expr::RefExpr(inner) => made_by(&inner.expr()?),
        _ => Some(argument.clone()),
    }
}

/// Whether code waits, leaves the function, or is made by a macro: a closure of its own can't do that.
fn happens_here(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    node.descendants().any(|it| is_of_here(&it)) || leaves_early(ctx, node)
}

fn is_of_here(node: &SyntaxNode) -> bool {
    ast::MacroCall::can_cast(node.kind()) || ast::AwaitExpr::can_cast(node.kind())
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
    let Some(fails) = &work.fails else {
        return happens_here(ctx, node);
    };
    let behind = TextRange::new(fails.syntax().text_range().end(), node.text_range().end());
    let tries = node.descendants().filter_map(ast::TryExpr::cast);
    node.descendants().any(|it| is_of_here(&it))
        || leaves_early(ctx, fails.syntax())
        || tries.filter(|it| it.expr().as_ref() != Some(fails)).count() > 0
        || has_comment(ctx.source.syntax(), behind)
}
