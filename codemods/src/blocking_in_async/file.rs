//! A file that is opened and used in one place: it becomes one of tokio, with all that is done with it.
//!
//! A file of tokio writes behind the back of its owner, and what is not yet written when it is dropped may
//! come late, and fail unseen. What is written is flushed there and then, so that it is there where it was.

use ra_ap_hir::{AsAssocItem, Local, Trait};
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange, TextSize,
    ast::{self, HasArgList},
};

use super::rewrite::{before_dot, waits_with};
use crate::{
    analysis::{
        equivalents::{Need, lacking},
        held::made_beside,
        in_place::{Trust, held},
        postfix::place_of_import,
        surroundings::{is_hidden_use, uses_of},
    },
    codemod::Note,
    context::{Enclosing, FileContext, Output},
    refusal::{Refusal, RefusalKind},
    text::has_comment,
};

/// What both types have of their own, for the same arguments and with the same value.
const OWN: [&str; 5] = [
    "metadata",
    "set_len",
    "set_permissions",
    "sync_all",
    "sync_data",
];
/// What both have of a trait that reads.
const READS: [&str; 4] = ["read", "read_exact", "read_to_end", "read_to_string"];
/// What both have of a trait that writes.
const WRITES: [&str; 2] = ["flush", "write_all"];
/// What waits for all that was written before, and gives its error. The methods that the type has of its own
/// wait as well, but keep the error for later.
const COMPLETES: [&str; 2] = ["flush", "write_all"];
/// What each gives another value for, which nobody may look at.
const GIVES_OTHER: &str = "read_exact";

/// What takes an error off a `Result`, or lets it out, and is no part of what it does.
const UNWRAPS: [&str; 2] = ["expect", "unwrap"];

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::R5, message)
}

/// A file in a local.
struct Opened<'a, 'b> {
    ctx: &'b FileContext<'a>,
    name: String,
    /// The code that it is opened and used in.
    code: Enclosing,
    body: SyntaxNode,
    uses: Vec<Use>,
}

/// What is done with it.
struct Use {
    call: ast::MethodCallExpr,
    name: String,
    range: TextRange,
}

/// The edits of all that is done with the file which a call opens.
///
/// # Errors
/// If not all of it can be seen, or done with the other type.
pub fn followed(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    trust: &mut Trust,
    why: &mut Vec<Note>,
) -> Result<Vec<(TextRange, String)>, Refusal> {
    let opened = Opened::by(ctx, call)?;
    let mut edits = Vec::new();
    for it in &opened.uses {
        opened.may_wait(it, trust, why)?;
        let dot = before_dot(ctx, &it.call);
        let waits = format!("{dot}.await");
        let end = TextRange::empty(it.range.end());
        match opened.flushed(it)? {
            Some(Flush::Behind(at)) => {
                edits.push((end, waits));
                edits.push(at);
            }
            Some(Flush::AsValue(text)) => edits.push((end, waits + &text)),
            None => edits.push((end, waits)),
        }
    }
    edits.extend(opened.import()?);
    Ok(edits)
}

/// How what was written is flushed.
enum Flush {
    /// By a statement of its own.
    Behind((TextRange, String)),
    /// By the value of the body.
    AsValue(String),
}

/// A call that is a statement, with what takes its error off.
struct Statement {
    node: ast::ExprStmt,
    /// Where it ends.
    at: TextSize,
    /// What stands behind the call.
    end: String,
}

impl<'a, 'b> Opened<'a, 'b> {
    fn by(ctx: &'b FileContext<'a>, call: &ast::Expr) -> Result<Opened<'a, 'b>, Refusal> {
        let unseen = || refuse("the file is not kept in a local whose uses could be followed");
        let value = outermost(call);
        let statement = value.syntax().parent().and_then(ast::LetStmt::cast);
        let statement = statement.filter(|it| it.ty().is_none() && it.let_else().is_none());
        let Some(ast::Pat::IdentPat(pattern)) = statement.and_then(|it| it.pat()) else {
            return Err(unseen());
        };
        let local: Option<Local<'a>> = ctx.sema.to_def(&pattern);
        let is_file = |it: &Local<'a>| ctx.is_adt(&it.ty(ctx.db), "std::fs::File");
        let plain = pattern.ref_token().is_none() && pattern.at_token().is_none();
        let (Some(local), Some(code)) = (local.filter(is_file), ctx.enclosing(pattern.syntax()))
        else {
            return Err(unseen());
        };
        let Some(body) = code.body().filter(|_| plain && code.is_async()) else {
            return Err(unseen());
        };
        let name = local.name(ctx.db).as_str().to_owned();
        if is_hidden_use(pattern.syntax(), &name) {
            return Err(refuse(format!("`{name}` may be used in a macro")));
        }
        let mut opened = Opened {
            ctx,
            name,
            code,
            body,
            uses: Vec::new(),
        };
        for path in uses_of(ctx, local, pattern.syntax()) {
            let used = opened.used(&path)?;
            opened.uses.push(used);
        }
        Ok(opened)
    }

    /// What is done with the file where its name stands.
    fn used(&self, path: &ast::PathExpr) -> Result<Use, Refusal> {
        let (ctx, file) = (self.ctx, &self.name);
        let handed = || refuse(format!("`{file}` is handed on, and stays of its type"));
        let receiver = ast::Expr::from(path.clone());
        let call = path.syntax().parent().and_then(ast::MethodCallExpr::cast);
        let call = call.filter(|it| it.receiver().as_ref() == Some(&receiver));
        let call = call.ok_or_else(handed)?;
        let around = ctx.enclosing(call.syntax()).and_then(|it| it.body());
        if around.as_ref() != Some(&self.body) {
            return Err(refuse(format!(
                "`{file}` is used in code that runs elsewhere"
            )));
        }
        let name = call.name_ref().map(|it| it.text().to_string());
        let name = name.ok_or_else(handed)?;
        if !self.is_on_both(&call, &name) {
            return Err(refuse(format!(
                "`{name}` of `{file}` is another one, or none, on the other type"
            )));
        }
        let range = ctx.source_range(call.syntax()).ok_or_else(handed)?;
        Ok(Use { call, name, range })
    }

    /// Whether a method of std does the same on the other type.
    fn is_on_both(&self, call: &ast::MethodCallExpr, name: &str) -> bool {
        let ctx = self.ctx;
        let function = ctx.callee(&call.clone().into());
        let Some(item) = function.and_then(|it| it.as_assoc_item(ctx.db)) else {
            return false;
        };
        match item.container_or_implemented_trait(ctx.db) {
            None => OWN.contains(&name),
            Some(of) => {
                let is_of = |path: &str| ctx.trait_at(path) == Some(of);
                READS.contains(&name) && is_of("std::io::Read")
                    || WRITES.contains(&name) && is_of("std::io::Write")
            }
        }
    }

    /// Whether the code may wait where something is done with the file.
    fn may_wait(&self, it: &Use, trust: &mut Trust, why: &mut Vec<Note>) -> Result<(), Refusal> {
        let ctx = self.ctx;
        for argument in it.call.arg_list().iter().flat_map(ast::ArgList::args) {
            waits_with(ctx, &argument, trust, why)?;
        }
        let beside = made_beside(ctx, &it.call.clone().into());
        let refusal = beside.iter().find_map(|it| it.refusal());
        let refusal = refusal.or_else(|| held(ctx, it.call.syntax(), &self.body, trust, why));
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if it.name == GIVES_OTHER && statement(ctx, it).is_none() {
            let message = format!("what `{GIVES_OTHER}` gives is another value, and is looked at");
            return Err(refuse(message));
        }
        Ok(())
    }

    /// How what is written is flushed, where nothing else does so at once.
    fn flushed(&self, it: &Use) -> Result<Option<Flush>, Refusal> {
        if it.name != "write_all" {
            return Ok(None);
        }
        let (ctx, name) = (self.ctx, &self.name);
        let (indent, dot) = (ctx.indent_at(it.range.start()), before_dot(ctx, &it.call));
        if let Some(Statement { node, at, end }) = statement(ctx, it) {
            let next = node.syntax().next_sibling();
            let completes = |other: &Use| {
                let of = statement(ctx, other).map(|it| it.node.syntax().clone());
                let of = of.unwrap_or_else(|| other.call.syntax().clone());
                COMPLETES.contains(&other.name.as_str())
                    && Some(of) == next
                    && is_plain(&other.call)
            };
            if self.uses.iter().any(completes) {
                return Ok(None);
            }
            let at = TextRange::empty(behind_comment(ctx, at));
            let text = format!("\n{indent}{name}{dot}.flush(){dot}.await{end}");
            return Ok(Some(Flush::Behind((at, text))));
        }
        if self.is_value_of_body(&it.call) {
            let text = format!("?;\n{indent}{name}.flush().await");
            return Ok(Some(Flush::AsValue(text)));
        }
        Err(refuse(format!(
            "what is written has to be flushed, and `write_all` of `{name}` is no statement"
        )))
    }

    /// Whether a call is what the function gives at its end, as a `Result`.
    fn is_value_of_body(&self, call: &ast::MethodCallExpr) -> bool {
        let Enclosing::AsyncFn(function) = &self.code else {
            return false;
        };
        let tail = function.body().and_then(|it| it.tail_expr());
        let given = self.ctx.sema.to_fn_def(function);
        let given = given.and_then(|it| it.async_ret_type(self.ctx.db));
        let given = given.map(|it| self.ctx.classify(it));
        tail == Some(call.clone().into()) && matches!(given, Some(Output::Result(_)))
    }

    /// The import of the traits that have the methods on the other type, if they are not in scope.
    fn import(&self) -> Result<Option<(TextRange, String)>, Refusal> {
        let ctx = self.ctx;
        let place = self.body.clone();
        let names = |known: &[&str]| self.uses.iter().any(|it| known.contains(&it.name.as_str()));
        let mut wanted = Vec::new();
        for (trait_name, known) in [("AsyncReadExt", &READS[..]), ("AsyncWriteExt", &WRITES[..])] {
            if !names(known) {
                continue;
            }
            let path = format!("tokio::io::{trait_name}");
            let need = Need {
                path: &path,
                package: "tokio",
                feature: Some("io-util"),
                implied_by: &["full"],
                by_default: false,
            };
            if let Some(lacking) = lacking(ctx, &place, &need) {
                return Err(Refusal::new(RefusalKind::R6, lacking.message));
            }
            let known = ctx.trait_at(&path);
            let named = ctx.trait_in_scope(&place, &path);
            let Some(known) = known.filter(|it| named == Some(*it)) else {
                return Err(refuse(format!(
                    "`{path}` is not what goes by that path here"
                )));
            };
            if self.is_in_scope(known) {
                continue;
            }
            self.is_alone(known)?;
            wanted.push(trait_name);
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let Some(at) = place_of_import(ctx, &place, "tokio::io") else {
            return Err(refuse(format!(
                "`{}` can't be imported here",
                wanted.join("` and `")
            )));
        };
        let items: Vec<String> = wanted.iter().map(|it| format!("{it} as _")).collect();
        let items = match items.as_slice() {
            [one] => one.clone(),
            several => format!("{{{}}}", several.join(", ")),
        };
        Ok(Some((
            TextRange::empty(at),
            format!("\nuse tokio::io::{items};"),
        )))
    }

    fn is_in_scope(&self, wanted: Trait) -> bool {
        let calls = self.uses.iter();
        let mut scopes = calls.map(|it| self.ctx.sema.scope(it.call.syntax()));
        scopes.all(|scope| {
            let visible = scope.map(|it| it.visible_traits().0);
            let mut visible = visible.into_iter().flatten();
            visible.any(|it| Trait::from(it) == wanted)
        })
    }

    /// Whether no other value of the file would have two methods of one name once a trait is imported:
    /// what is in memory reads and writes by both traits.
    fn is_alone(&self, imported: Trait) -> Result<(), Refusal> {
        let ctx = self.ctx;
        let items = imported.items(ctx.db).into_iter();
        let names: FxHashSet<String> = items
            .filter_map(|item| Some(item.name(ctx.db)?.as_str().to_owned()))
            .collect();
        let own = |range: TextRange| self.uses.iter().any(|it| it.range == range);
        for call in ctx.calls_of(&names) {
            let ast::Expr::MethodCallExpr(method) = &call else {
                continue;
            };
            if ctx.source_range(call.syntax()).is_some_and(own) {
                continue;
            }
            let receiver = method.receiver().and_then(|it| ctx.type_of(&it));
            let both = receiver.is_none_or(|ty| {
                let ty = ty.strip_references();
                ["tokio::io::AsyncRead", "tokio::io::AsyncWrite"]
                    .iter()
                    .any(|path| ctx.implements(&ty, path))
                    || ty.as_slice().is_some()
                    || ty.contains_unknown()
            });
            if both {
                let name = method.name_ref().map(|it| it.text().to_string());
                return Err(refuse(format!(
                    "`{}` is called in this file on what would have two methods of that name",
                    name.unwrap_or_default()
                )));
            }
        }
        Ok(())
    }
}

/// What is left of a `Result` behind `?`, `unwrap` and `expect`.
fn outermost(call: &ast::Expr) -> ast::Expr {
    match unwrapped(call) {
        Some(outer) => outermost(&outer),
        None => call.clone(),
    }
}

fn unwrapped(inner: &ast::Expr) -> Option<ast::Expr> {
    let outer = ast::Expr::cast(inner.syntax().parent()?)?;
    let unwraps = match &outer {
        ast::Expr::TryExpr(_) => true,
        ast::Expr::MethodCallExpr(it) => {
            let name = it.name_ref()?;
            it.receiver().as_ref() == Some(inner) && UNWRAPS.contains(&name.text())
        }
        _ => false,
    };
    unwraps.then_some(outer)
}

/// The statement that a call is, if nothing but an error is looked at.
fn statement(ctx: &FileContext<'_>, it: &Use) -> Option<Statement> {
    let whole = unwrapped(&it.call.clone().into())?;
    let node = ast::ExprStmt::cast(whole.syntax().parent()?)?;
    let at = ctx.source_range(node.syntax())?.end();
    let end = TextRange::new(it.range.end(), at);
    let ends = node.semicolon_token().is_some() && !has_comment(ctx.source.syntax(), end);
    ends.then(|| Statement {
        node,
        at,
        end: ctx.slice(end).to_owned(),
    })
}

/// The end of the comment that stands behind a statement on its line, if one does.
fn behind_comment(ctx: &FileContext<'_>, end: TextSize) -> TextSize {
    let line = ctx.text[usize::from(end)..]
        .lines()
        .next()
        .unwrap_or_default();
    match line.trim_start().starts_with("//") {
        true => end + TextSize::of(line.trim_end()),
        false => end,
    }
}

/// Whether what a method is given is made without a way to leave, or to look at the file meanwhile.
fn is_plain(call: &ast::MethodCallExpr) -> bool {
    let list = call.arg_list();
    let mut inside = list.iter().flat_map(|it| it.syntax().descendants());
    inside.all(|node| match ast::Expr::cast(node.clone()) {
        Some(
            ast::Expr::PathExpr(_)
            | ast::Expr::Literal(_)
            | ast::Expr::RefExpr(_)
            | ast::Expr::FieldExpr(_)
            | ast::Expr::ParenExpr(_),
        ) => true,
        Some(ast::Expr::MethodCallExpr(it)) => {
            it.name_ref().is_some_and(|it| it.text() == "as_bytes")
        }
        Some(_) => false,
        None => !ast::MacroCall::can_cast(node.kind()),
    })
}
