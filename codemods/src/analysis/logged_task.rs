//! Puts logging around a spawned future: the edits, in the place that fits its shape.

use ra_ap_hir::PathResolution;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasAttrs},
};

use crate::{
    analysis::{
        awaited::starts_with_struct,
        control::leaves_early,
        handle::{is_handle_call, is_place},
    },
    change::Change,
    context::{Call, FileContext},
    logging::{Logger, Shown},
    syntax::has_attributes,
    text::{fresh_name, has_comment},
};

/// The logging around one task.
pub struct LoggedTask<'a, 'b> {
    /// The file.
    pub ctx: &'b FileContext<'a>,
    /// The call that spawns.
    pub call: &'b Call<'a>,
    /// Its future.
    pub future: &'b ast::Expr,
    /// Where that stands.
    pub range: TextRange,
    /// How the message speaks of the task.
    pub name: &'b str,
    /// How the error is shown.
    pub shown: Shown,
}

impl LoggedTask<'_, '_> {
    /// Where the call is a statement of its own.
    pub fn in_statement(&self, statement: &ast::Stmt) -> Change {
        if let Some(change) = self.in_block() {
            return change;
        }
        if self.is_local_name() {
            return self.in_place();
        }
        let attributes = match statement {
            ast::Stmt::ExprStmt(it) => it.expr().is_some_and(|expr| has_attributes(&expr)),
            ast::Stmt::LetStmt(it) => it.attrs().next().is_some(),
            ast::Stmt::Item(_) => true,
        };
        let range = self.ctx.source_range(statement.syntax());
        match range {
            Some(range)
                if !attributes && !self.has_comment_around(statement) && self.is_first() =>
            {
                self.hoist(range)
            }
            _ => self.in_argument(),
        }
    }

    /// Where the call is part of a larger expression: all edits stay inside of its argument.
    pub fn in_argument(&self) -> Change {
        if let Some(change) = self.in_block() {
            return change;
        }
        if self.is_local_name() {
            return self.in_place();
        }
        let range = self.range;
        let (outer, inner) = self.indents(range);
        let task = self.fresh();
        let logged = self.logged_block(&task, &inner);
        let mut change = Change::default();
        change.insert(
            self.ctx.file,
            range.start(),
            format!("{{\n{inner}let {task} = "),
        );
        change.insert(
            self.ctx.file,
            range.end(),
            format!(";\n{inner}{logged}\n{outer}}}"),
        );
        change
    }

    /// Logs at the tail of an async block, if its value can only come from there.
    fn in_block(&self) -> Option<Change> {
        let ast::Expr::BlockExpr(block) = self.future else {
            return None;
        };
        if leaves_early(self.ctx, block.syntax()) || self.ctx.settings.unobserved_task.span {
            return None;
        }
        let list = block.stmt_list()?;
        let tail = list.tail_expr()?;
        let simple = matches!(
            tail,
            ast::Expr::AwaitExpr(_) | ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_)
        );
        if !simple || starts_with_struct(&tail) || has_attributes(&tail) {
            return None;
        }
        let range = self.ctx.source_range(tail.syntax())?;
        let text = self.ctx.slice(range);
        let block_range = self.ctx.source_range(list.syntax())?;
        let mut change = Change::default();
        if self.ctx.slice(block_range).contains('\n') {
            let indent = self.ctx.indent_at(range.start()).to_owned();
            change.replace(self.ctx.file, range, self.logged(text, &indent));
        } else {
            if list.statements().next().is_some() || has_comment(list.syntax(), block_range) {
                return None;
            }
            let (outer, inner) = self.indents(block_range);
            let logged = self.logged(text, &inner);
            change.replace(
                self.ctx.file,
                block_range,
                format!("{{\n{inner}{logged}\n{outer}}}"),
            );
        }
        Some(change)
    }

    /// Replaces a name by a block that awaits it.
    fn in_place(&self) -> Change {
        let (outer, _) = self.indents(self.range);
        let mut change = Change::default();
        let block = self.logged_block(self.ctx.slice(self.range), &outer);
        change.replace(self.ctx.file, self.range, block);
        change
    }

    /// Makes the future before the statement, and awaits it in the task. What the future is made
    /// of is evaluated where it was, and its own text stays as it is.
    fn hoist(&self, statement: TextRange) -> Change {
        let range = self.range;
        let before = TextRange::new(statement.start(), range.start());
        let after = TextRange::new(range.end(), statement.end());
        let (outer, _) = self.indents(statement);
        let task = self.fresh();
        let logged = self.logged_block(&task, &outer);
        let (head, end) = (self.ctx.slice(before).trim_end(), self.ctx.slice(after));
        let end = end.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let mut change = Change::default();
        change.replace(self.ctx.file, before, format!("let {task} = "));
        change.replace(
            self.ctx.file,
            after,
            format!(";\n{outer}{head}{logged}{end}"),
        );
        change
    }

    /// Whether nothing is evaluated before the future that could tell, or that the future then has
    /// taken.
    fn is_first(&self) -> bool {
        let arguments = self.call.arguments.iter();
        let before = arguments.take_while(|argument| *argument != self.future);
        self.call.receiver.iter().chain(before).all(|expr| {
            let inner = match expr {
                ast::Expr::RefExpr(inner) => inner.expr(),
                other => Some(other.clone()),
            };
            inner.is_some_and(|it| is_place(&it) || is_handle_call(self.ctx, &it))
        })
    }

    /// Whether a comment stands in the statement, but not in the future.
    fn has_comment_around(&self, statement: &ast::Stmt) -> bool {
        let (outer, inner) = (statement.syntax(), self.future.syntax().text_range());
        let (start, end) = (outer.text_range().start(), outer.text_range().end());
        has_comment(outer, TextRange::new(start, inner.start()))
            || has_comment(outer, TextRange::new(inner.end(), end))
    }

    fn is_local_name(&self) -> bool {
        let ast::Expr::PathExpr(path) = self.future else {
            return false;
        };
        let resolved = path
            .path()
            .and_then(|path| self.ctx.sema.resolve_path(&path));
        matches!(resolved, Some(PathResolution::Local(_)))
    }

    fn logged_block(&self, awaited: &str, indent: &str) -> String {
        let inner = format!("{indent}{}", self.ctx.indent_unit());
        let logged = self.logged(&format!("{awaited}.await"), &inner);
        let block = format!("async move {{\n{inner}{logged}\n{indent}}}");
        let logger = Logger::at(self.ctx, self.call.expr.syntax());
        match logger.instrument() {
            Some(instrument) if self.ctx.settings.unobserved_task.span => {
                format!("{instrument}({block})")
            }
            _ => block,
        }
    }

    fn logged(&self, awaited: &str, indent: &str) -> String {
        let logger = Logger::at(self.ctx, self.call.expr.syntax());
        let log = logger.statement(self.name, self.shown);
        let inner = format!("{indent}{}", self.ctx.indent_unit());
        let head = match self.shown {
            Shown::Not => format!("if {awaited}.is_err()"),
            _ => format!("if let Err(error) = {awaited}"),
        };
        format!("{head} {{\n{inner}{log}\n{indent}}}")
    }

    fn indents(&self, range: TextRange) -> (String, String) {
        let outer = self.ctx.indent_at(range.start()).to_owned();
        let inner = format!("{outer}{}", self.ctx.indent_unit());
        (outer, inner)
    }

    fn fresh(&self) -> String {
        let scope = self
            .call
            .expr
            .syntax()
            .ancestors()
            .find(|node| ast::Fn::can_cast(node.kind()));
        let scope = scope.unwrap_or_else(|| self.ctx.source.syntax().clone());
        fresh_name(&scope, &["task", "future", "background"])
    }
}
