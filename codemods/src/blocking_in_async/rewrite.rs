//! What stands in the place of a call that blocks, by the shape of its equivalent.

use ra_ap_hir::{AsAssocItem, HasCrate};
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use super::{command, file};
use crate::{
    analysis::{
        discard::{Dropped, Fate, fate_of},
        equivalents::{needed, spelling_of_row},
        held::{Kind, kind_of},
        in_place::{Rewritten, Trust, Written, made_by_macro},
        spelling::Spelling,
        surroundings::has_to_be_send,
    },
    codemod::Note,
    context::FileContext,
    knowledge::{Equivalent, Shape, last_segment},
    refusal::{Refusal, RefusalKind},
    syntax::names_types,
    text::has_comment,
};

/// The call, awaited in the way of its equivalent.
///
/// # Errors
/// Why the call can't be rewritten.
pub fn rewritten(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
    trust: &mut Trust,
    why: &mut Vec<Note>,
) -> Result<Rewritten, Refusal> {
    let rewritten = match equivalent.shape {
        Shape::DropIn => drop_in(ctx, call, equivalent, trust, why),
        Shape::Renamed => renamed(ctx, call, equivalent),
        Shape::Awaited => awaited(ctx, call, equivalent),
        Shape::Builder => command::swapped(ctx, call, equivalent),
        Shape::Followed => Ok(Rewritten {
            elsewhere: file::followed(ctx, call, trust, why)?,
            ..drop_in(ctx, call, equivalent, trust, why)?
        }),
        Shape::OtherType => Err(consumer("its type is another, and each use of it changes")),
    };
    // What can't be written needs nothing of the manifest.
    let rewritten = rewritten?;
    Ok(Rewritten {
        manifest: needed(ctx, call.syntax(), equivalent)?,
        ..rewritten
    })
}

/// How the equivalent is named at a place.
pub fn named(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
) -> Result<Spelling, Refusal> {
    spelling_of_row(ctx, call.syntax(), equivalent).ok_or_else(|| {
        let path = &equivalent.path;
        let message = format!("`{path}` is not what goes by that path here");
        Refusal::new(RefusalKind::R2, message)
    })
}

fn consumer(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::R5, message)
}

fn drop_in(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
    trust: &mut Trust,
    why: &mut Vec<Note>,
) -> Result<Rewritten, Refusal> {
    let ast::Expr::CallExpr(plain) = call else {
        return Err(consumer("it is not called by its path"));
    };
    if names_types(plain.syntax()) {
        return Err(consumer("the call says which types it is for"));
    }
    let ignored = matches!(
        fate_of(ctx, call),
        Fate::Dropped {
            how: Dropped::Statement,
            ..
        }
    );
    if equivalent.gives_other && !ignored {
        let path = &equivalent.path;
        return Err(consumer(format!(
            "`{path}` gives something else, and the value is looked at"
        )));
    }
    let list = plain.arg_list().ok_or_else(made_by_macro)?;
    for argument in list.args() {
        waits_with(ctx, &argument, trust, why)?;
        if equivalent.of_std && !is_of_std(ctx, &argument) {
            let (path, name) = (&equivalent.path, argument.syntax().text());
            return Err(consumer(format!("`{path}` may not take `{name}`")));
        }
    }
    let spelled = named(ctx, call, equivalent)?;
    let range = ctx.source_range(call.syntax()).ok_or_else(made_by_macro)?;
    let kept = ctx.source_range(list.syntax()).ok_or_else(made_by_macro)?;
    Ok(Rewritten {
        written: Written {
            range,
            text: awaits(ctx, range, &format!("{}{}", spelled.text, ctx.slice(kept))),
            kept: vec![kept],
        },
        spelled: vec![spelled],
        elsewhere: Vec::new(),
        manifest: None,
    })
}

/// Whether a value is of a type of std.
fn is_of_std(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    let ty = ctx.type_of(value).map(|ty| ty.strip_references());
    ty.is_some_and(|ty| match ty.as_adt() {
        Some(adt) => adt.krate(ctx.db).origin(ctx.db).is_lang(),
        None => ty.is_str() || ty.as_slice().is_some() || ty.as_array(ctx.db).is_some(),
    })
}

/// A call that takes several lines is awaited on one of its own.
fn awaits(ctx: &FileContext<'_>, range: TextRange, text: &str) -> String {
    match text.contains('\n') {
        true => format!("{text}\n{}.await", ctx.indent_at(range.start())),
        false => format!("{text}.await"),
    }
}

/// What stands before the dot of a call, in a chain that has a line for each.
pub fn before_dot<'a>(ctx: &FileContext<'a>, call: &ast::MethodCallExpr) -> &'a str {
    let space = || {
        let until = ctx.source_range(call.receiver()?.syntax())?.end();
        let dot = call.dot_token()?.text_range().start();
        let space = (until <= dot).then(|| TextRange::new(until, dot))?;
        (!has_comment(ctx.source.syntax(), space)).then(|| ctx.slice(space))
    };
    space().unwrap_or_default()
}

/// An argument is held until the future ends.
pub fn waits_with(
    ctx: &FileContext<'_>,
    argument: &ast::Expr,
    trust: &mut Trust,
    why: &mut Vec<Note>,
) -> Result<(), Refusal> {
    let name = argument.syntax().text().to_string();
    let ty = ctx.type_of(argument).filter(|ty| !ty.contains_unknown());
    let ty = ty.ok_or_else(|| {
        let message = format!("the type of `{name}` is not known");
        Refusal::new(RefusalKind::R2, message)
    })?;
    match kind_of(ctx, &ty) {
        None => Ok(()),
        Some(Kind::Chosen) if !has_to_be_send(ctx, argument.syntax()) => {
            let message = format!("`{name}` is not `Send` for every caller");
            if why.iter().all(|note| note.message != message) {
                why.push(Note::new(message));
            }
            trust.lower();
            Ok(())
        }
        Some(Kind::Guard { .. }) => {
            let message = format!("`{name}`, a guard, would be held while the future waits");
            Err(Refusal::new(RefusalKind::R9, message))
        }
        Some(_) => {
            let message = format!("`{name}` is not `Send`, and the future would hold it");
            Err(Refusal::new(RefusalKind::R3, message))
        }
    }
}

/// The parts of a call behind a dot.
struct Method {
    call: ast::MethodCallExpr,
    receiver: ast::Expr,
    name: TextRange,
    range: TextRange,
}

/// The call behind a dot of a method whose type the receiver has, or a smart pointer of std to it:
/// another one may have a method of the new name.
fn method(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
) -> Result<Method, Refusal> {
    let ast::Expr::MethodCallExpr(method) = call else {
        return Err(consumer("the method is called by its path"));
    };
    let parts = || {
        let receiver = method.receiver()?;
        let name = ctx.source_range(method.name_ref()?.syntax())?;
        Some((receiver, name, ctx.source_range(call.syntax())?))
    };
    let (receiver, name, range) = parts().ok_or_else(made_by_macro)?;
    let owner = ctx
        .callee(call)
        .and_then(|it| it.as_assoc_item(ctx.db)?.implementing_ty(ctx.db)?.as_adt());
    let ty = ctx.type_of(&receiver).map(|ty| ty.strip_references());
    let adt = ty.and_then(|ty| ty.as_adt());
    let fits = adt.is_some_and(|adt| {
        let of_std = adt.krate(ctx.db).origin(ctx.db).is_lang();
        Some(adt) == owner || of_std && equivalent.shape == Shape::Renamed
    });
    if !fits {
        return Err(consumer(
            "it is called through a type that may have methods of its own",
        ));
    }
    let call = method.clone();
    Ok(Method {
        call,
        receiver,
        name,
        range,
    })
}

fn renamed(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
) -> Result<Rewritten, Refusal> {
    let method = method(ctx, call, equivalent)?;
    if names_types(method.call.syntax()) {
        return Err(consumer("the call says which types it is for"));
    }
    let before = TextRange::new(method.range.start(), method.name.start());
    let behind = TextRange::new(method.name.end(), method.range.end());
    let (text, rest) = (ctx.slice(before), ctx.slice(behind));
    let name = last_segment(&equivalent.path);
    Ok(Rewritten {
        written: Written {
            range: method.range,
            text: format!("{text}{name}{rest}{}.await", before_dot(ctx, &method.call)),
            kept: vec![before, behind],
        },
        spelled: Vec::new(),
        elsewhere: Vec::new(),
        manifest: None,
    })
}

fn awaited(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    equivalent: &Equivalent,
) -> Result<Rewritten, Refusal> {
    let method = method(ctx, call, equivalent)?;
    let kept = ctx
        .source_range(method.receiver.syntax())
        .ok_or_else(made_by_macro)?;
    Ok(Rewritten {
        written: Written {
            range: method.range,
            text: format!("{}.await", ctx.slice(kept)),
            kept: vec![kept],
        },
        spelled: Vec::new(),
        elsewhere: Vec::new(),
        manifest: None,
    })
}
