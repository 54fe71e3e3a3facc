//! The edit that awaits a future in the place of what drove it.

use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use super::{
    awaited::{Future, awaited_at, awaited_in_block, comments_in},
    held::{Held, alive_at, refutes_send},
    leftovers,
    recursion::leads_back,
    spelling::Spelling,
    surroundings::{cancelled_by, has_to_be_send},
    waits::waits_in,
};
use crate::{
    change::{Change, Edit},
    codemod::{Effect, Note, Safety},
    context::FileContext,
    refusal::{Refusal, RefusalKind},
    syntax::has_attributes,
};

/// How far a rewrite may be trusted; it only ever goes down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust {
    lowered: bool,
}

impl Trust {
    /// Takes a step down.
    pub fn lower(&mut self) {
        self.lowered = true;
    }

    /// What is left of it.
    pub fn safety(self) -> Safety {
        if self.lowered {
            Safety::Unsafe
        } else {
            Safety::Safe
        }
    }
}

/// What stands in the place of a call.
#[derive(Debug)]
pub struct InPlace<'a> {
    /// The expression that goes away.
    pub whole: &'a ast::Expr,
    /// The future in it.
    pub future: &'a Future,
    /// Whether it was in a closure with `move`.
    pub owned: bool,
    /// Whether it shows that the closure owned what it named, or where it ended.
    pub in_block: bool,
    /// The clones that it is made of.
    pub clones: &'a [ast::LetStmt],
}

impl InPlace<'_> {
    /// The change, and whether a comment goes away with it. `None` for what a macro made.
    pub fn change(&self, ctx: &FileContext<'_>) -> Option<(Change, bool)> {
        self.written(ctx).map(|written| written.change(ctx))
    }

    /// What stands there afterwards. `None` for what a macro made.
    pub fn written(&self, ctx: &FileContext<'_>) -> Option<Written> {
        let whole = without_attributes(ctx, self.whole)?;
        let mut text = match self.in_block {
            true => awaited_in_block(ctx, self.future, whole, self.owned)?,
            false => awaited_at(ctx, self.future, self.whole, whole, self.owned)?,
        };
        let mut kept = vec![ctx.source_range(self.future.expr().syntax())?];
        if !self.clones.is_empty() {
            let outer = ctx.indent_at(whole.start());
            let inner = format!("{outer}{}", ctx.indent_unit());
            let mut block = "{\n".to_owned();
            for clone in self.clones {
                let range = ctx.source_range(clone.syntax())?;
                kept.push(range);
                block += &format!("{inner}{}\n", ctx.slice(range));
            }
            text = format!("{block}{inner}{text}\n{outer}}}");
        }
        Some(Written {
            range: whole,
            text,
            kept,
        })
    }
}

/// Code that is written in the place of other code.
#[derive(Debug, Clone)]
pub struct Written {
    /// What it replaces.
    pub range: TextRange,
    /// What stands there afterwards.
    pub text: String,
    /// The parts of the file that stand in it again.
    pub kept: Vec<TextRange>,
}

impl Written {
    /// The change that writes it, and whether a comment goes away with it.
    pub fn change(self, ctx: &FileContext<'_>) -> (Change, bool) {
        let mut change = Change::default();
        change.replace(ctx.file, self.range, self.text);
        let comments = take_away(ctx, &mut change, self.range, self.kept);
        (change, comments)
    }
}

/// The code that takes the place of a call.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// What is written there.
    pub written: Written,
    /// The paths in it.
    pub spelled: Vec<Spelling>,
    /// What is written elsewhere.
    pub elsewhere: Vec<(TextRange, String)>,
    /// What the manifest has to say for it; empty where an earlier change wrote that.
    pub manifest: Option<Edit>,
}

impl Rewritten {
    /// Notes in the change of the call what else there is to it.
    pub fn complete(&self, ctx: &FileContext<'_>, change: &mut Change) {
        for spelled in &self.spelled {
            spelled.note_import(ctx, change);
        }
        for (range, text) in &self.elsewhere {
            change.replace(ctx.file, *range, text);
            leftovers::note(ctx, change, &[*range]);
        }
        if let (Some(edit), Some(manifest)) = (&self.manifest, &ctx.manifest) {
            match edit.range.is_empty() && edit.text.is_empty() {
                true => change.uses(manifest.file, manifest.all()),
                false => change.edits.push(edit.clone()),
            }
        }
    }
}

/// What it does at run time that code goes to a thread of the pool, with a note on it.
pub fn goes_elsewhere(trust: &mut Trust, why: &mut Vec<Note>) -> Effect {
    why.push(Note::new(
        "the work goes to a thread of the pool, and comes later than it does now",
    ));
    trust.lower();
    Effect::Thread
}

/// Nothing of the call can be found in the file as it is.
pub fn made_by_macro() -> Refusal {
    let message = "the call stands in what a macro makes, and can't be edited in the file";
    Refusal::new(RefusalKind::R8, message)
}

/// Where an expression stands, after the attributes on it: those are for what takes its place too.
fn without_attributes(ctx: &FileContext<'_>, expr: &ast::Expr) -> Option<TextRange> {
    let range = ctx.source_range(expr.syntax())?;
    if !has_attributes(expr) {
        return Some(range);
    }
    let first = expr
        .syntax()
        .children()
        .find(|child| !ast::Attr::can_cast(child.kind()))?;
    Some(TextRange::new(
        ctx.source_range(&first)?.start(),
        range.end(),
    ))
}

/// Why no `.await` may stand at `site`, where there is none now.
pub fn new_wait(ctx: &FileContext<'_>, site: &SyntaxNode, body: &SyntaxNode) -> Option<Refusal> {
    alive_at(ctx, site, body).iter().find_map(Held::refusal)
}

/// The same, with a note on the place. What only a bound by `Send` forbids lowers the trust.
pub fn held(
    ctx: &FileContext<'_>,
    site: &SyntaxNode,
    body: &SyntaxNode,
    trust: &mut Trust,
    why: &mut Vec<Note>,
) -> Option<Refusal> {
    let alive = alive_at(ctx, site, body);
    let mut refused = alive.iter().filter_map(|it| Some((it, it.refusal()?)));
    if let Some((held, refusal)) =
        refused.find(|(it, _)| it.is_guard() || !is_held_already(ctx, it, body))
    {
        why.push(held.note(ctx));
        return Some(refusal);
    }
    for held in alive {
        why.push(held.aside(ctx));
        trust.lower();
    }
    None
}

/// Whether a value is held where the code waits today.
fn is_held_already(ctx: &FileContext<'_>, held: &Held, body: &SyntaxNode) -> bool {
    let waits = waits_in(ctx, body);
    waits
        .iter()
        .any(|wait| alive_at(ctx, wait, body).contains(held))
}

/// Why a future that nobody polls today can't be polled at `site`. What is not known to forbid it
/// is noted.
pub fn polled_anew(
    ctx: &FileContext<'_>,
    future: &Future,
    site: &SyntaxNode,
    body: &SyntaxNode,
    why: &mut Vec<Note>,
) -> Option<Refusal> {
    if let Some(refusal) = held(ctx, site, body, &mut Trust::default(), why) {
        return Some(refusal);
    }
    if let Some(words) = refutes_send(ctx, future) {
        if has_to_be_send(ctx, site) {
            return Some(Refusal::new(RefusalKind::R3, words));
        }
        why.push(Note::new(words));
    }
    endless(ctx, future, body)
}

/// Why the future can't be awaited in the code `body`: it leads back to it.
pub fn endless(ctx: &FileContext<'_>, future: &Future, body: &SyntaxNode) -> Option<Refusal> {
    let name = leads_back(ctx, future, body)?;
    let message = format!("`{name}` would await itself; box the future first");
    Some(Refusal::new(RefusalKind::R9, message))
}

/// What may drop the future half way once it is awaited at `site`.
pub fn cancellation(ctx: &FileContext<'_>, site: &SyntaxNode) -> Option<Note> {
    let names: Vec<String> = cancelled_by(ctx, site)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let names = (!names.is_empty()).then(|| names.join(" and "))?;
    Some(Note::new(format!(
        "{names} may now drop the future half way"
    )))
}

/// Notes that `whole` goes away but for what is `kept`. Gives whether a comment goes with it.
pub fn take_away(
    ctx: &FileContext<'_>,
    change: &mut Change,
    whole: TextRange,
    mut kept: Vec<TextRange>,
) -> bool {
    kept.sort_by_key(|range| range.start());
    let mut gone = Vec::new();
    let mut at = whole.start();
    for kept in kept {
        gone.push(TextRange::new(at, kept.start()));
        at = kept.end();
    }
    gone.push(TextRange::new(at, whole.end()));
    leftovers::note(ctx, change, &gone);
    gone.iter().any(|gone| comments_in(ctx, *gone))
}
