//! Whether the awaits of a loop may happen at the same time.

use ra_ap_hir::HasCrate;
use ra_ap_syntax::AstNode;

use super::{CODEMOD, callee_name, claims::exclusive, in_order, shapes::Loop};
use crate::{
    analysis::effects::{Effects, effects},
    cfg::inactive_cfg,
    codemod::{Finding, Findings, IN_TESTS, Note, Verdict},
    context::FileContext,
    knowledge::Role,
    refusal::{Refusal, RefusalKind},
};

/// Looks at a loop that awaits a call for each element.
pub fn judge(ctx: &FileContext<'_>, found: &Loop, findings: &mut Findings) {
    let node = found.whole.syntax();
    let collects = ctx.callee(&found.collects.clone().into());
    let is_collection = collects.is_some_and(|it| it.krate(ctx.db).origin(ctx.db).is_lang());
    let range = ctx.source_range(found.call.syntax());
    let (true, Some(range)) = (is_collection, range) else {
        return;
    };
    if inactive_cfg(ctx.sema, ctx.file, node).is_some() {
        return;
    }
    if ctx.is_test_code(node) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return;
    }
    let name = callee_name(&found.call);
    let mut why = Vec::new();
    let verdict = verdict(ctx, found, &mut why);
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range,
        message: format!("`{name}` is awaited for one element after the other"),
        why,
        conversion: None,
        verdict,
    });
}

fn verdict(ctx: &FileContext<'_>, found: &Loop, why: &mut Vec<Note>) -> Verdict {
    let call = &found.call;
    if let Some(place) = exclusive(ctx, call) {
        let message = format!("`{place}` is borrowed exclusively, or written, in each turn");
        return Verdict::Refused(Refusal::new(RefusalKind::R9, message));
    }
    let how = how(ctx, found);
    match effects(ctx, found.awaited.syntax()) {
        Effects::None => Verdict::Manual(format!("it only reads: {how}")),
        Effects::Ordered(place) => Verdict::Refused(in_order(&place, why)),
        Effects::Unknown(place) => Verdict::Manual(format!(
            "nothing is known of what `{}` leaves behind; if it only reads, {how}",
            place.callee
        )),
    }
}

/// How many may run at a time is a decision: what the other side bears, connections, memory.
fn how(ctx: &FileContext<'_>, found: &Loop) -> String {
    let role = ctx.call(&found.call).map(|call| &call.api.role);
    match role {
        Some(Role::Offload { .. }) => "start the closures in a `JoinSet` (`spawn_blocking`), and take \
                                       what they give with `join_next`, in the order in which they \
                                       end; how many may run at a time is yours to say"
            .to_owned(),
        _ => "make the loop a stream (`stream::iter(..).map(..)`) and await it with `buffered(n)`, or \
              `buffer_unordered(n)` where the order does not count; how many may run at a time is yours \
              to say"
            .to_owned(),
    }
}
