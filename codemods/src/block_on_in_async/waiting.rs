//! Whether a future may be awaited where `block_on` drives it: what is held meanwhile, and what has to
//! be `Send`.

use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::Asides;
use crate::{
    analysis::{
        closures::Around,
        held::{Kind, alive_at, kind_of},
        in_place::Trust,
        send::is_not_send,
        surroundings::has_to_be_send,
    },
    codemod::Note,
    context::{Enclosing, FileContext},
    refusal::{Refusal, RefusalKind},
};

/// A future that would be awaited.
pub struct Waiting<'a> {
    /// Where.
    pub place: &'a ast::Expr,
    /// What makes it.
    pub future: &'a ast::Expr,
    /// What refutes that it is `Send`, in words.
    pub not_send: Option<String>,
}

impl Waiting<'_> {
    /// Why nothing may wait there, for what is held while it does.
    pub fn refusal(
        self,
        ctx: &FileContext<'_>,
        around: &Around,
        body: &SyntaxNode,
        asides: &mut Asides,
        trust: &mut Trust,
    ) -> Option<Refusal> {
        let place = self.place.syntax();
        let has_to_be = has_to_be_send(ctx, place);
        // Of a function, its callers decide.
        let free = !has_to_be || matches!(around.enclosing, Enclosing::SyncFn(_));
        if let Some(words) = self.not_send {
            let refusal = Refusal::new(RefusalKind::R3, &words);
            if has_to_be || takes_not_send(ctx, self.future, free) {
                return Some(refusal);
            }
            asides.why.push(Note::new(unless_sent(&words)));
            asides.not_send = Some(refusal);
            trust.lower();
        }
        for own in around.own().filter(|it| it.twin().is_ok()) {
            let refusal = own.not_send();
            if has_to_be {
                return Some(refusal);
            }
            let notes = own.note().into_iter();
            for note in notes.chain([Note::new(&refusal.message)]) {
                if !asides.why.contains(&note) {
                    asides.why.push(note);
                }
            }
            asides.not_send.get_or_insert(refusal);
            trust.lower();
        }
        for held in alive_at(ctx, place, body) {
            if held.kind == Kind::Chosen {
                let refusal = held.not_send();
                if has_to_be {
                    return Some(refusal);
                }
                asides.why.push(Note::new(refusal.message));
                trust.lower();
                continue;
            }
            asides.why.push(held.note(ctx));
            match held.refusal() {
                Some(refusal) if held.is_guard() || !free => return Some(refusal),
                _ => {}
            }
            let refusal = held.not_send();
            asides.why.push(Note::new(unless_sent(&refusal.message)));
            asides.not_send.get_or_insert(refusal);
            trust.lower();
        }
        None
    }
}

/// What refutes that a future is `Send`, where nothing is known that asks for it.
fn unless_sent(words: &str) -> String {
    format!(
        "{words}, as far as can be known; where the future has to be `Send`, it does not compile"
    )
}

/// Whether a future is made of a value that is not `Send`, or only of a guard, and not of a
/// reference to one.
fn takes_not_send(ctx: &FileContext<'_>, future: &ast::Expr, only_guards: bool) -> bool {
    let inside = future.syntax().descendants().skip(1);
    inside.filter_map(ast::Expr::cast).any(|expr| {
        ctx.type_of(&expr).is_some_and(|ty| match only_guards {
            true => matches!(kind_of(ctx, &ty), Some(Kind::Guard { .. })),
            false => ty.as_adt().is_some() && is_not_send(ctx, &ty),
        })
    })
}
