//! What is said about a dropped handle, and what is written instead.

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::CODEMOD;
use crate::{
    analysis::{discard::Dropped, logged_task::LoggedTask, spawn_helper::SpawnHelper},
    change::Change,
    codemod::{Finding, Note, Safety, Verdict},
    context::{Call, FileContext},
    logging::{Shown, safety_of_logging, shown},
    refusal::{Refusal, RefusalKind},
    settings::Style,
    syntax::names_types,
    text::has_comment,
};

/// A spawn whose handle is dropped.
pub struct Site<'a, 'b> {
    pub ctx: &'b FileContext<'a>,
    /// The call that spawns.
    pub call: &'b Call<'a>,
    /// What it spawns.
    pub future: &'b ast::Expr,
    /// Where that stands.
    pub range: TextRange,
    /// How messages speak of the task.
    pub name: &'b str,
    /// The handle itself, without the `Result` that it may come in.
    pub handle: &'b ast::Expr,
    /// The statement that the drop is, if it is one.
    pub statement: Option<ast::Stmt>,
}

impl<'a> Site<'a, '_> {
    /// A finding at the call.
    pub fn finding(&self, message: String, why: Vec<Note>, verdict: Verdict) -> Finding {
        let (file, range) = (self.ctx.file, self.call.range);
        Finding {
            codemod: CODEMOD.name,
            file,
            range,
            message,
            why,
            conversion: None,
            verdict,
        }
    }

    /// A task that ends in an error: it is logged.
    pub fn with_error(&self, error: &Type<'a>, how: Dropped, cancels: bool) -> Finding {
        let (ctx, name) = (self.ctx, self.name);
        if cancels {
            return self.cancelled(Some(error), how);
        }
        let message = format!("the error of {name} is seen by nobody: its handle is dropped");
        let error_type = ctx.display(error);
        let mut why = vec![Note::new(format!(
            "the task ends in an error of type {error_type}"
        ))];
        if let Some(refusal) = self.keeps_its_type(how) {
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        let place = self.call.expr.syntax();
        let names = ["error", "task"];
        if let Some(name) = names
            .into_iter()
            .find(|name| !ctx.can_be_bound(place, name))
        {
            let words = format!("`{name}` is a constant here, and can't be bound");
            let refusal = Refusal::new(RefusalKind::R5, words);
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        let safety = match safety_of_logging(ctx, place) {
            Ok((safety, note)) => {
                why.extend(note);
                safety
            }
            Err(verdict) => return self.finding(message, why, verdict),
        };
        let shown = shown(ctx, error);
        if ctx.settings.unobserved_task.style == Style::Helper {
            let fits = matches!(shown, Shown::Display | Shown::Chain);
            match SpawnHelper::at(ctx, self.call) {
                Ok(helper) if fits => {
                    let change = helper.used(ctx, self.call, self.range, name);
                    return self.rewrite(message, why, change, Safety::Unsafe);
                }
                Ok(_) => why.push(Note::new(format!(
                    "`spawn_logged` needs `Display`, which {error_type} has not"
                ))),
                Err(reason) => why.push(Note::new(reason)),
            }
        }
        let change = self.logged(shown);
        self.rewrite(message, why, change, safety)
    }

    /// Why the handle, or the future, can't be of another type.
    fn keeps_its_type(&self, how: Dropped) -> Option<Refusal> {
        let message = if how == Dropped::Arm {
            "the handle is the value of an arm or a body, and what the other arms or a `return` \
             give must have the same type; end it with a semicolon"
        } else if names_types(self.call.expr.syntax()) {
            "the call says of which type the future is, and a logged one has another"
        } else {
            return None;
        };
        Some(Refusal::new(RefusalKind::R5, message))
    }

    /// A task that is cancelled on the spot: it is detached, and logged if it can fail.
    pub fn cancelled(&self, error: Option<&Type<'a>>, how: Dropped) -> Finding {
        let name = self.name;
        let message =
            format!("{name} is cancelled where it is spawned: dropping its handle ends it");
        let mut why = vec![Note::new(
            "with `.detach()` it runs to its end, which it does not today",
        )];
        if let Some(refusal) = self.keeps_its_type(how) {
            return self.finding(message, why, Verdict::Refused(refusal));
        }
        if error.is_some() {
            match safety_of_logging(self.ctx, self.call.expr.syntax()) {
                Ok((_, note)) => why.extend(note),
                Err(verdict) => return self.finding(message, why, verdict),
            }
        }
        let detach = self.ctx.detach_of(self.handle);
        let place = self.ctx.source_range(self.handle.syntax());
        let (Some(detach), Some(place)) = (detach, place) else {
            let help = "keep the handle, and await it where its end matters";
            return self.finding(message, why, Verdict::Manual(help.to_owned()));
        };
        let mut change = match error {
            // Only edits inside of the call leave room for those around it.
            Some(error) => self.task(shown(self.ctx, error)).in_argument(),
            None => Change::default(),
        };
        let file = self.ctx.file;
        let statement = self.statement.as_ref().map(|statement| statement.syntax());
        match statement.and_then(|statement| self.ctx.source_range(statement)) {
            // `let _ =` and `drop(..)` have nothing left to drop.
            Some(whole) if !self.has_comment_in(whole, place) => {
                change.delete(file, TextRange::new(whole.start(), place.start()));
                let after = TextRange::new(place.end(), whole.end());
                change.replace(file, after, format!(".{detach}();"));
            }
            _ => change.insert(file, place.end(), format!(".{detach}()")),
        }
        self.rewrite(message, why, change, Safety::Unsafe)
    }

    /// A task that can't fail, but panic. Only with the option `panics`.
    pub fn with_panic(&self) -> Option<Finding> {
        let message = format!(
            "a panic of {} is seen by nobody: its handle is dropped",
            self.name
        );
        let why: Vec<Note> = match safety_of_logging(self.ctx, self.call.expr.syntax()) {
            Ok((_, note)) => note.into_iter().collect(),
            Err(verdict) => return Some(self.finding(message, Vec::new(), verdict)),
        };
        Some(match SpawnHelper::at(self.ctx, self.call) {
            Ok(helper) => {
                let change = helper.used(self.ctx, self.call, self.range, self.name);
                self.rewrite(message, why, change, Safety::Unsafe)
            }
            Err(reason) => {
                let refusal = Refusal::new(RefusalKind::R5, reason);
                self.finding(message, why, Verdict::Refused(refusal))
            }
        })
    }

    /// Whether a comment stands in the statement, but outside of the handle.
    fn has_comment_in(&self, statement: TextRange, handle: TextRange) -> bool {
        let source = self.ctx.source.syntax();
        has_comment(source, TextRange::new(statement.start(), handle.start()))
            || has_comment(source, TextRange::new(handle.end(), statement.end()))
    }

    fn task(&self, shown: Shown) -> LoggedTask<'a, '_> {
        let Site {
            ctx,
            call,
            future,
            range,
            name,
            ..
        } = self;
        LoggedTask {
            ctx,
            call,
            future,
            range: *range,
            name,
            shown,
        }
    }

    fn logged(&self, shown: Shown) -> Change {
        let task = self.task(shown);
        match &self.statement {
            Some(statement) => task.in_statement(statement),
            None => task.in_argument(),
        }
    }

    fn rewrite(&self, message: String, why: Vec<Note>, change: Change, safety: Safety) -> Finding {
        let verdict = Verdict::Rewrite {
            safety,
            change,
            effects: Vec::new(),
        };
        self.finding(message, why, verdict)
    }
}
