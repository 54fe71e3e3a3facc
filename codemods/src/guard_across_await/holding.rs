//! Which guards are alive where code waits.

use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use crate::{
    analysis::{
        held::{Held, Kind, guards_at},
        moves::moved_into,
        waits::all_waits,
    },
    codemod::Findings,
    context::FileContext,
    knowledge::Holds,
};

/// A guard, and all places where code waits while it is alive.
pub struct Guarded {
    /// What is held.
    pub held: Held,
    /// Where it stands.
    pub place: Place,
    /// The places, in the order of the file, one for each line.
    pub waits: Vec<SyntaxNode>,
}

/// Where a guard stands in the file.
pub enum Place {
    /// A local has it.
    Local(ast::IdentPat),
    /// It has no name.
    Temporary(ast::Expr),
    /// A macro makes it.
    Hidden,
}

/// The guards of a file that are held while code waits.
pub fn guarded(ctx: &FileContext<'_>, findings: &mut Findings) -> Vec<Guarded> {
    let words = words(ctx);
    let mut all: Vec<Guarded> = Vec::new();
    let mut looked: Option<(SyntaxNode, bool)> = None;
    for wait in all_waits(ctx, ctx.source.syntax()) {
        let Some(enclosing) = ctx.enclosing(&wait).filter(|it| it.is_async()) else {
            continue;
        };
        let Some(body) = enclosing.body() else {
            continue;
        };
        // Types are asked only where there may be one: that infers the whole body.
        if looked.as_ref().is_none_or(|(of, _)| *of != body) {
            looked = Some((body.clone(), mentions(&body, &words)));
        }
        if looked.as_ref().is_some_and(|(_, has_one)| !has_one) {
            continue;
        }
        for held in guards_at(ctx, &wait, &body) {
            if let Some(known) = all.iter_mut().find(|it| it.held == held) {
                known.waits.push(wait.clone());
                continue;
            }
            let place = place(ctx, &held);
            if let Place::Local(name) = &place
                && let Some(local) = ctx.sema.to_def(name)
                && moved_into(ctx, local, &wait)
            {
                findings.quiet("guards that the awaited future takes");
                continue;
            }
            let waits = vec![wait.clone()];
            all.push(Guarded { held, place, waits });
        }
    }
    for guarded in &mut all {
        guarded.waits.sort_by_key(|wait| range(ctx, wait).start());
        guarded.waits.dedup_by_key(|wait| {
            let before = &ctx.text[..usize::from(range(ctx, wait).start())];
            before.rfind('\n')
        });
    }
    all
}

/// The words of which a body has one if it has a guard: those of the tables, and the functions of this
/// file that give one.
fn words(ctx: &FileContext<'_>) -> FxHashSet<String> {
    let known = ctx.known.guard_words(ctx.db);
    let known: FxHashSet<String> = known.into_iter().map(str::to_owned).collect();
    let functions = ctx.source.syntax().descendants().filter_map(ast::Fn::cast);
    let giving = functions.filter(|function| {
        let gives = function.ret_type();
        gives.is_some_and(|it| mentions(it.syntax(), &known))
    });
    let names: Vec<String> = giving
        .filter_map(|function| Some(function.name()?.text().to_string()))
        .collect();
    known.into_iter().chain(names).collect()
}

fn mentions(node: &SyntaxNode, words: &FxHashSet<String>) -> bool {
    let tokens = node.descendants_with_tokens();
    let mut tokens = tokens.filter_map(|element| element.into_token());
    tokens.any(|token| token.kind() == SyntaxKind::IDENT && words.contains(token.text()))
}

/// Where a node stands; of what a macro made, the call of the macro.
pub fn range(ctx: &FileContext<'_>, node: &SyntaxNode) -> TextRange {
    let range = ctx.source_range(node);
    range.unwrap_or_else(|| ctx.sema.original_range(node).range)
}

fn place(ctx: &FileContext<'_>, held: &Held) -> Place {
    let Some(range) = held.range else {
        return Place::Hidden;
    };
    let node = match ctx.source.syntax().covering_element(range) {
        NodeOrToken::Node(node) => node,
        NodeOrToken::Token(token) => match token.parent() {
            Some(node) => node,
            None => return Place::Hidden,
        },
    };
    let nodes = || {
        let same = |it: &SyntaxNode| it.text_range() == range;
        node.ancestors().take_while(same)
    };
    if let Some(name) = nodes().find_map(ast::IdentPat::cast) {
        return Place::Local(name);
    }
    nodes()
        .find_map(ast::Expr::cast)
        .map_or(Place::Hidden, Place::Temporary)
}

impl Guarded {
    /// The name of the guard's type.
    pub fn ty(&self) -> &str {
        match &self.held.kind {
            Kind::Guard { ty, .. } => ty,
            _ => "",
        }
    }

    /// What it keeps for itself.
    pub fn holds(&self) -> Holds {
        match &self.held.kind {
            Kind::Guard { holds, .. } => *holds,
            _ => Holds::Lock,
        }
    }

    /// What is wrong, one sentence without a full stop.
    pub fn message(&self) -> String {
        let name = self.short_name();
        let ty = self.ty();
        let happens = match self.holds() {
            Holds::Lock => {
                "a task that wants the lock meanwhile blocks its thread, and may deadlock"
            }
            Holds::Borrow => "a task that borrows the cell meanwhile panics",
            Holds::Shard => {
                "a task that wants an entry of the same shard meanwhile blocks its thread, and may \
                 deadlock"
            }
            Holds::Span => {
                "what else runs on the thread meanwhile is in the span, and this code \
                            may go on outside of it"
            }
        };
        // Of the others it is a matter of what they are for, or of what is in the map.
        let matters = matches!(self.holds(), Holds::Lock | Holds::Borrow);
        let send = match self.held.refutes_send() && matters {
            true => "; and the future is not `Send`",
            false => "",
        };
        format!("`{name}` (`{ty}`) is held while async code waits: {happens}{send}")
    }

    /// The name of the local, or the code of the temporary in one line.
    pub fn short_name(&self) -> String {
        let lines = self.held.name.lines().map(str::trim);
        let line = lines.collect::<String>();
        match line.char_indices().nth(60) {
            Some((at, _)) => format!("{}..", &line[..at]),
            None => line,
        }
    }
}
