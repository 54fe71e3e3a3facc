//! Lets the guard of a local go before the statement that waits.

use ra_ap_hir::{Local, PathResolution};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize,
    ast::{self, HasAttrs, HasName},
};

use super::holding::{Guarded, range};
use crate::{
    analysis::{
        borrowing::may_borrow,
        control::is_own_body,
        leftovers::mentions,
        moves::is_ever_moved,
        surroundings::uses_of,
        temporaries::{self, Ends},
    },
    change::Change,
    codemod::{Effect, Note, Safety, Verdict},
    context::FileContext,
    knowledge::Definition,
    text::{has_comment, shifted},
};

/// What becomes of a guard that a local has.
pub fn verdict(
    ctx: &FileContext<'_>,
    guarded: &Guarded,
    name: &ast::IdentPat,
    why: &mut Vec<Note>,
) -> Verdict {
    let release = match Release::of(ctx, guarded, name) {
        Ok(release) => release,
        Err(Kept::Unread) => return guarded.unread(),
        Err(Kept::By(reason)) => return guarded.manual(&reason),
    };
    let change = match release.in_block() {
        Some(change) => change,
        None => match release.by_drop() {
            Ok(change) => {
                if guarded.held.refutes_send() {
                    why.push(Note::new(
                        "for the compiler the future is still not `Send`: only a block around the \
                         guard would change that",
                    ));
                }
                change
            }
            Err(reason) => return guarded.manual(&reason),
        },
    };
    Verdict::Rewrite {
        safety: Safety::Unsafe,
        change,
        effects: vec![Effect::Timing],
    }
}

/// Why a guard can't go before the code waits.
enum Kept {
    /// Nothing reads it: it keeps others out.
    Unread,
    /// What keeps it, one clause.
    By(String),
}

/// A guard that nothing needs from the first statement on that waits.
struct Release<'a, 'b> {
    ctx: &'b FileContext<'a>,
    name: ast::IdentPat,
    /// From that of the guard to the one before the first that waits.
    before: Vec<SyntaxNode>,
    /// The first that waits, and what comes after.
    after: Vec<SyntaxNode>,
    /// Where the guard is named, or may be.
    mentions: Vec<SyntaxToken>,
}

impl<'a, 'b> Release<'a, 'b> {
    fn of(
        ctx: &'b FileContext<'a>,
        guarded: &Guarded,
        name: &ast::IdentPat,
    ) -> Result<Release<'a, 'b>, Kept> {
        let by = |words: &str| Kept::By(format!("`{}` {words}", guarded.held.name));
        let shown = &guarded.held.name;
        let plain = name.at_token().is_none() && name.ref_token().is_none();
        let statement = name.syntax().parent().and_then(ast::LetStmt::cast);
        let statement = statement.filter(|it| {
            plain
                && it.let_else().is_none()
                && it.initializer().is_some()
                && it.attrs().next().is_none()
        });
        let (Some(statement), Some(local)) = (statement, ctx.sema.to_def(name)) else {
            let parameter = name
                .syntax()
                .parent()
                .is_some_and(|it| ast::Param::can_cast(it.kind()));
            return Err(by(match parameter {
                true => "is a parameter",
                false => "is bound by a pattern",
            }));
        };
        let ty = local.ty(ctx.db);
        let adt = ty.as_adt();
        if adt.is_none_or(|adt| ctx.known.guard(ctx.db, adt).is_none()) {
            return Err(by("has the guard in it"));
        }
        let list = statement.syntax().parent().and_then(ast::StmtList::cast);
        let Some(list) = list else {
            return Err(by("is no statement of a block"));
        };
        let wait = range(ctx, &guarded.waits[0]).start();
        let nodes: Vec<SyntaxNode> = parts(&list)
            .skip_while(|node| node != statement.syntax())
            .collect();
        let ended = |node: &&SyntaxNode| node.text_range().end() <= wait;
        let count = nodes.iter().take_while(ended).count();
        let (before, after) = nodes.split_at(count);
        let own = statement.syntax().text_range();
        let mentions: Vec<SyntaxToken> = mentions(ctx, local, list.syntax())
            .into_iter()
            .filter(|token| !own.contains_range(token.text_range()))
            .filter(|token| token.kind() != SyntaxKind::STRING || is_format_of(token, shown))
            .collect();
        let release = Release {
            ctx,
            name: name.clone(),
            before: before.to_vec(),
            after: after.to_vec(),
            mentions,
        };
        release.is_free(local, shown)?;
        Ok(release)
    }

    /// Whether nothing keeps the guard from going before the code waits.
    fn is_free(&self, local: Local<'a>, shown: &str) -> Result<(), Kept> {
        let by = |words: &str| Kept::By(format!("`{shown}` {words}"));
        let Some(first) = self.after.first() else {
            return Err(by("is held further out"));
        };
        let until = first.text_range().start();
        let late = |token: &&SyntaxToken| token.text_range().start() >= until;
        if self.mentions.is_empty() || shown.starts_with('_') {
            return Err(Kept::Unread);
        }
        if let Some(token) = self.mentions.iter().find(late) {
            let same = first.text_range().contains_range(token.text_range());
            return Err(by(match same {
                true => "is used in the statement that waits",
                false => "is used after the code has waited",
            }));
        }
        let uses = uses_of(self.ctx, local, self.name.syntax());
        if is_ever_moved(self.ctx, &uses) {
            return Err(by("is moved on some of the ways to it"));
        }
        for token in &self.mentions {
            let captured = token
                .parent_ancestors()
                .take_while(|node| !ast::StmtList::can_cast(node.kind()) || !self.is_list(node))
                .any(|node| is_own_body(&node));
            if captured {
                return Err(by("may be kept by a closure or a future"));
            }
            let hidden = !uses.iter().any(|path| {
                path.syntax()
                    .text_range()
                    .contains_range(token.text_range())
            });
            if hidden && !is_lent_in_macro(token) {
                return Err(by("may be taken by a macro"));
            }
        }
        match self.borrower(local) {
            Some(other) => Err(by(&format!("may be borrowed by `{other}`"))),
            None => Ok(()),
        }
    }

    fn is_list(&self, node: &SyntaxNode) -> bool {
        self.before[0].parent().as_ref() == Some(node)
    }

    /// Another local that may have a borrow of the guard where that would go.
    fn borrower(&self, guard: Local<'a>) -> Option<String> {
        let ctx = self.ctx;
        let names = |local: &Local<'a>, node| !mentions(ctx, *local, node).is_empty();
        let mut derived = vec![guard];
        for node in &self.before[1..] {
            if derived.iter().any(|local| names(local, node)) {
                for local in takers(ctx, node) {
                    if !derived.contains(&local) && may_borrow(ctx, &local.ty(ctx.db)) {
                        derived.push(local);
                    }
                }
            }
        }
        let matters = |local: &&Local<'a>| {
            let ty = local.ty(ctx.db);
            let goes_quietly = ty.is_reference() || ty.is_copy(ctx.db);
            !goes_quietly || self.after.iter().any(|node| names(local, node))
        };
        let found = derived[1..].iter().find(matters)?;
        Some(found.name(ctx.db).as_str().to_owned())
    }

    /// The value that is read, and the guard, in a block of their own.
    fn in_block(&self) -> Option<Change> {
        let [guard, read] = self.before.as_slice() else {
            return None;
        };
        let ctx = self.ctx;
        let read = ast::LetStmt::cast(read.clone())?;
        let value = read.initializer()?;
        let pattern = read.pat()?;
        let local = match &pattern {
            ast::Pat::IdentPat(name) => ctx.sema.to_def(name)?,
            _ => return None,
        };
        let plain = read.let_else().is_none() && read.attrs().next().is_none();
        let in_value = |token: &SyntaxToken| {
            let whole = value.syntax().text_range();
            whole.contains_range(token.text_range())
        };
        let ends = Ends::of(ctx);
        let outlived = !ends.with_block && !temporaries::in_expr(ctx, &value, ends).is_empty();
        if !plain
            || outlived
            || may_borrow(ctx, &local.ty(ctx.db))
            || !self.mentions.iter().all(in_value)
        {
            return None;
        }
        let (start, end) = (guard.text_range().start(), read.syntax().text_range().end());
        let value = value.syntax().text_range();
        let head = TextRange::new(read.syntax().text_range().start(), value.start());
        let tail = TextRange::new(value.end(), end);
        if [head, tail]
            .iter()
            .any(|it| has_comment(read.syntax(), *it))
        {
            return None;
        }
        let indent = ctx.indent_at(start);
        let inner = format!("{indent}{}", ctx.indent_unit());
        let first = TextRange::new(start, head.start());
        let body = |range| shifted(ctx.slice(range), indent, &inner);
        let text = format!(
            "{}{{\n{inner}{}{}\n{indent}}};",
            ctx.slice(head),
            body(first),
            body(value)
        );
        let mut change = Change::default();
        change.replace(ctx.file, TextRange::new(start, end), text);
        Some(change)
    }

    /// `drop(guard);` before the statement that waits.
    fn by_drop(&self) -> Result<Change, String> {
        let ctx = self.ctx;
        let name = self.name.name().map(|it| it.text().to_string());
        let name = name.unwrap_or_default();
        let (last, next) = (&self.before[self.before.len() - 1], &self.after[0]);
        let hides = self.before[1..].iter().any(|node| {
            let pattern = ast::LetStmt::cast(node.clone()).and_then(|it| it.pat());
            let names = pattern.iter().flat_map(|it| it.syntax().descendants());
            names
                .filter_map(ast::IdentPat::cast)
                .any(|it| it.name().is_some_and(|it| it.text() == name))
        });
        if hides {
            return Err(format!(
                "another `{name}` hides the guard where it would go"
            ));
        }
        let drops = ctx.known.definitions(ctx.db, "core::mem::drop");
        let is_drop = ctx
            .function_in_scope(next, "drop")
            .is_some_and(|it| drops.contains(&Definition::Function(it)));
        if !is_drop {
            return Err("`drop` is another function here".to_owned());
        }
        let mut change = Change::default();
        let end = last.text_range().end();
        let indent = ctx.indent_at(next.text_range().start());
        match rest_of_line(ctx, end) {
            Some(end) => change.insert(ctx.file, end, format!("\n{indent}drop({name});")),
            None => change.insert(
                ctx.file,
                next.text_range().start(),
                format!("drop({name}); "),
            ),
        }
        Ok(change)
    }
}

/// The statements of a list, and its last value.
fn parts(list: &ast::StmtList) -> impl Iterator<Item = SyntaxNode> {
    let statements = list.statements().map(|it| it.syntax().clone());
    let tail = list.tail_expr().map(|it| it.syntax().clone());
    statements.chain(tail)
}

/// The locals that may take something in a statement, and keep it: those that it binds, and those that
/// it can write to. What a parameter has outlives the body, and so it is nothing of the body's own.
fn takers<'a>(ctx: &FileContext<'a>, node: &SyntaxNode) -> Vec<Local<'a>> {
    let pattern = ast::LetStmt::cast(node.clone()).and_then(|it| it.pat());
    let parts = pattern.iter().flat_map(|it| it.syntax().descendants());
    let bound = parts.filter_map(ast::IdentPat::cast);
    let bound = bound.filter_map(|name| ctx.sema.to_def(&name));
    let written = node.descendants().filter_map(ast::PathExpr::cast);
    let written = written.filter_map(|path| match ctx.sema.resolve_path(&path.path()?)? {
        PathResolution::Local(local) => Some(local),
        _ => None,
    });
    let written = written.filter(|local| {
        let mut writes = local.is_mut(ctx.db);
        let ty = local.ty(ctx.db);
        ty.walk(ctx.db, |part| writes |= part.is_mutable_reference());
        writes && !local.is_param(ctx.db) && !local.is_self(ctx.db)
    });
    bound.chain(written).collect()
}

/// Whether a string may have the name of a local in its braces.
fn is_format_of(token: &SyntaxToken, name: &str) -> bool {
    token.text().contains(&format!("{{{name}"))
}

/// Whether a name among the arguments of a macro is only looked at: `&name`, `name.len()`, or in a
/// string.
fn is_lent_in_macro(token: &SyntaxToken) -> bool {
    let next = token.next_token().map(|it| it.kind());
    let previous = token.prev_token().map(|it| it.kind());
    token.kind() == SyntaxKind::STRING
        || matches!(next, Some(T![.] | T!['[']))
        || previous == Some(T![&])
}

/// The end of the line, if nothing but a comment follows there.
fn rest_of_line(ctx: &FileContext<'_>, at: TextSize) -> Option<TextSize> {
    let rest = &ctx.text[usize::from(at)..];
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let line = line.trim_end();
    let free = line.trim_start().is_empty() || line.trim_start().starts_with("//");
    let length = TextSize::try_from(line.len()).ok()?;
    free.then(|| at + length)
}
