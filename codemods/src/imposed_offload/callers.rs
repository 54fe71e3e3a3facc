//! The calls of a function that offloads no more: each does it itself, or computes where it stands.

use ra_ap_syntax::{AstNode, TextRange, ast};

use super::bare::{Bare, Layer};
use crate::{
    analysis::{
        awaited::{comments_in, starts_with_struct},
        ceasing::{Became, Waited},
        in_place::made_by_macro,
        join_error::{consumer, outermost},
        leftovers,
        to_thread::call_offloaded,
    },
    change::Change,
    codemod::Effect,
    context::{Enclosing, FileContext, Output},
    knowledge::last_segment,
    refusal::{Refusal, RefusalKind},
};

/// What stands where the function is called.
pub fn becomes(call: &Waited<'_, '_>, bare: &Bare) -> Result<Became, Refusal> {
    match call.is_awaited {
        true => offloads(call, bare),
        false => computes(call, bare),
    }
}

/// The caller is async, and offloads the call.
fn offloads(call: &Waited<'_, '_>, bare: &Bare) -> Result<Became, Refusal> {
    let (ctx, at) = (call.ctx, call.ranges()?);
    let layer = match &bare.layer {
        Layer::Given => "",
        Layer::TakenOff(code) => code.as_str(),
        Layer::Converted if converts(call) => "?",
        Layer::Converted => {
            let error = bare.join.as_deref().map_or("", last_segment);
            let message = format!(
                "is called where no `?` stands behind it that would make the same of the `{error}`"
            );
            return Err(call.refuse(&message));
        }
    };
    let before = TextRange::new(at.whole.start(), at.call.start());
    let behind = TextRange::new(at.call.end(), at.whole.end());
    if comments_in(ctx, before) || comments_in(ctx, behind) {
        return Err(call.refuse("is called with a comment in the way"));
    }
    let mut rows = ctx.known.knowledge.offloads.iter();
    let row = rows.find(|row| row.path == bare.path);
    let row = row.ok_or_else(made_by_macro)?;
    let mut rewritten =
        call_offloaded(ctx, &call.call, row, layer).map_err(|refusal| match refusal.kind {
            RefusalKind::R5 => {
                let message = &refusal.message;
                call.refuse(&format!("can't be offloaded where it is called: {message}"))
            }
            _ => refusal,
        })?;
    rewritten.written.range = at.whole;
    let (mut change, _) = rewritten.written.clone().change(ctx);
    rewritten.complete(ctx, &mut change);
    Ok(Became {
        change,
        ..Became::default()
    })
}

/// Whether the error of the layer becomes one of the code around a call by the `?` behind it: the
/// function made it one of its own, which is the same.
fn converts(call: &Waited<'_, '_>) -> bool {
    let ctx = call.ctx;
    let parent = outermost(&call.whole).syntax().parent();
    let is_tried = parent.is_some_and(|it| ast::TryExpr::can_cast(it.kind()));
    let error = |output| match output {
        Output::Result(error) => error
            .as_adt()
            .filter(|_| error.type_arguments().count() == 0),
        _ => None,
    };
    let own = ctx.type_of(&call.whole).map(|it| ctx.classify(it));
    let own = own.and_then(error);
    is_tried && own.is_some() && own == given_around(ctx, &call.whole).and_then(error)
}

/// What the code around a place gives at its end.
fn given_around<'a>(ctx: &FileContext<'a>, place: &ast::Expr) -> Option<Output<'a>> {
    let given = match ctx.enclosing(place.syntax())? {
        Enclosing::AsyncFn(function) => ctx.sema.to_fn_def(&function)?.async_ret_type(ctx.db)?,
        Enclosing::AsyncBlock(block) => {
            let future = ctx.type_of(&block.into())?;
            future.into_future_output(ctx.db)?
        }
        _ => return None,
    };
    Some(ctx.classify(given))
}

/// The caller drives the future where it stands, and computes there instead.
fn computes(call: &Waited<'_, '_>, bare: &Bare) -> Result<Became, Refusal> {
    let (ctx, at) = (call.ctx, call.ranges()?);
    let end = match (&bare.layer, &bare.join) {
        (Layer::Given, Some(join)) => {
            let taken = consumer(ctx, &call.whole, Some(join))?;
            let range = ctx.source_range(taken.whole.syntax());
            range.ok_or_else(made_by_macro)?.end()
        }
        _ => at.whole.end(),
    };
    let gone = [
        TextRange::new(at.whole.start(), at.call.start()),
        TextRange::new(at.call.end(), end),
    ];
    if starts_with_struct(&call.call) || gone.iter().any(|range| comments_in(ctx, *range)) {
        return Err(call.refuse("is called with a comment or a struct in the way"));
    }
    let mut change = Change::default();
    for range in gone {
        change.delete(ctx.file, range);
    }
    leftovers::note(ctx, &mut change, &gone);
    Ok(Became {
        change,
        effects: vec![Effect::Panic, Effect::Thread],
    })
}
