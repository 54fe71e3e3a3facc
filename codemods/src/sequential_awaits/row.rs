//! Whether the awaits of a row may happen at the same time.

use ra_ap_hir::Type;
use ra_ap_syntax::{AstNode, TextRange};

use super::{
    CODEMOD, REASONS, callee_name,
    claims::{exclusive, moved_while_lent},
    in_order,
    shapes::{Step, independent},
    together::{waits_with, written},
};
use crate::{
    analysis::{
        effects::{Effects, effects},
        send::is_not_send,
        surroundings::comment_with,
    },
    cfg::inactive_cfg,
    change::Change,
    codemod::{Effect, Finding, Findings, IN_TESTS, Note, Safety, Verdict},
    context::{FileContext, Output},
    refusal::{Refusal, RefusalKind},
};

/// Looks at awaits that follow each other.
pub fn judge(ctx: &FileContext<'_>, row: &[Step], findings: &mut Findings) {
    let node = row[0].statement.syntax();
    if inactive_cfg(ctx.sema, ctx.file, node).is_some() {
        return;
    }
    for part in independent(row) {
        if part.len() == 1 {
            findings.quiet("awaits in a row of which one needs what the other gives");
        } else if ctx.is_test_code(node) && !ctx.settings.include_tests {
            findings.quiet(IN_TESTS);
        } else {
            part_of(ctx, part, findings);
        }
    }
}

/// Looks at steps of which none needs what another one gives.
fn part_of(ctx: &FileContext<'_>, part: &[Step], findings: &mut Findings) {
    let found: Vec<Effects> = part
        .iter()
        .map(|step| effects(ctx, step.awaited.syntax()))
        .collect();
    let reads = |at: usize| found.get(at) == Some(&Effects::None);
    let mut said = false;
    let mut start = 0;
    while start < part.len() {
        let mut end = start;
        while reads(end) {
            end += 1;
        }
        if end - start > 1 {
            let steps = &part[start..end];
            let mut why = Vec::new();
            let verdict = verdict(ctx, steps, &mut why).unwrap_or_else(Verdict::Refused);
            report(ctx, steps, why, verdict, findings);
            said = true;
        }
        start = end.max(start) + 1;
    }
    if said {
        return;
    }
    let mut why = Vec::new();
    let ordered = found.iter().find_map(|it| match it {
        Effects::Ordered(place) => Some(place),
        _ => None,
    });
    let unknown = found.iter().find_map(|it| match it {
        Effects::Unknown(place) => Some(&place.callee),
        _ => None,
    });
    let verdict = match (ordered, unknown) {
        (Some(place), _) => Verdict::Refused(in_order(place, &mut why)),
        (None, callee) => Verdict::Manual(format!(
            "nothing is known of what `{}` leaves behind; if it only reads, name it under \
                 `[[reads]]` in unpark.toml",
            callee.map_or("", String::as_str)
        )),
    };
    report(ctx, part, why, verdict, findings);
}

fn report(
    ctx: &FileContext<'_>,
    steps: &[Step],
    why: Vec<Note>,
    verdict: Verdict,
    findings: &mut Findings,
) {
    let range = |step: &Step| ctx.source_range(step.statement.syntax());
    let (Some(first), Some(last)) = (range(&steps[0]), range(&steps[steps.len() - 1])) else {
        return;
    };
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range: first.cover(last),
        message: format!(
            "{} are awaited one after the other, and none needs what another gives",
            listed(steps)
        ),
        why,
        conversion: None,
        verdict,
    });
}

/// The names of what is called.
fn listed(steps: &[Step]) -> String {
    let names: Vec<String> = steps.iter().map(|step| callee_name(&step.call)).collect();
    if names.iter().all(|name| *name == names[0]) {
        return format!("{} calls of `{}`", names.len(), names[0]);
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (last, others) = names.split_last().expect("a row has several");
    format!("{} and {last}", others.join(", "))
}

/// The one place where it is decided; each refusal says why.
fn verdict(ctx: &FileContext<'_>, steps: &[Step], why: &mut Vec<Note>) -> Result<Verdict, Refusal> {
    for step in steps {
        let node = step.call.syntax();
        let until = ctx
            .source_range(node)
            .map_or(node.text_range().end(), TextRange::end);
        if let Some(advice) = comment_with(ctx, node, "await", &REASONS, until) {
            return Ok(Verdict::Manual(advice));
        }
    }
    outputs(ctx, steps)?;
    if let Some(place) = steps.iter().find_map(|step| exclusive(ctx, &step.call)) {
        let message = format!("`{place}` is borrowed exclusively, or written, by one of the calls");
        return Err(Refusal::new(RefusalKind::R9, message));
    }
    if let Some(name) = moved_while_lent(ctx, steps) {
        let message = format!("one of the futures borrows `{name}`, and a later call takes it");
        return Err(Refusal::new(RefusalKind::R9, message));
    }
    let path = waits_with(ctx, &steps[0])?;
    let Some((range, text)) = written(ctx, steps, path) else {
        let message = "a comment stands in the middle of a statement, and has no place afterwards";
        return Err(Refusal::new(RefusalKind::R5, message));
    };
    why.push(Note::new(
        "all of them only read; they begin together, and take turns on this one task",
    ));
    let mut effects = vec![Effect::Ordering, Effect::Timing];
    if steps[0].tries {
        why.push(Note::new(
            "the first that fails gives the error, and the others are dropped half way",
        ));
        effects.insert(0, Effect::Cancellation);
    }
    let mut change = Change::default();
    change.replace(ctx.file, range, text);
    Ok(Verdict::Rewrite {
        safety: Safety::Unsafe,
        change,
        effects,
    })
}

/// Whether what the futures give can be had together.
fn outputs(ctx: &FileContext<'_>, steps: &[Step]) -> Result<(), Refusal> {
    let mut error: Option<Type<'_>> = None;
    for step in steps {
        let name = callee_name(&step.call);
        let unknown = || {
            let message = format!("the type of what `{name}` gives is not known");
            Refusal::new(RefusalKind::R2, message)
        };
        let future = ctx.type_of(&step.call).ok_or_else(unknown)?;
        let given = future.into_future_output(ctx.db).ok_or_else(unknown)?;
        if given.contains_unknown() {
            return Err(unknown());
        }
        if is_not_send(ctx, &given) {
            let message = format!("what `{name}` gives is not `Send`, and would be kept meanwhile");
            return Err(Refusal::new(RefusalKind::R3, message));
        }
        let value = step.statement.initializer();
        let adjusted = value.and_then(|it| ctx.sema.type_of_expr(&it)?.adjusted);
        if adjusted.is_some() {
            let message = format!("the type of the statement changes what `{name}` gives");
            return Err(Refusal::new(RefusalKind::R5, message));
        }
        if !step.tries {
            continue;
        }
        let own = match ctx.classify(given) {
            Output::Result(own) => own,
            Output::Other(ty) if ty.as_adt().is_some() => {
                let message =
                    format!("what `{name}` gives is no `Result`, which `try_join!` takes");
                return Err(Refusal::new(RefusalKind::R5, message));
            }
            _ => return Err(unknown()),
        };
        match &error {
            Some(other) if *other != own => {
                let (other, own) = (ctx.display(other), ctx.display(&own));
                let message = format!("the errors differ: {other} and {own}");
                return Err(Refusal::new(RefusalKind::R5, message));
            }
            _ => error = Some(own),
        }
    }
    Ok(())
}
