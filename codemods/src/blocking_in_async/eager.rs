//! Functions that block, and then give back a future that is ready: they become async.

use ra_ap_syntax::{
    AstNode,
    ast::{self, HasName},
};

use super::{CODEMOD, Files, Site, stops, waits};
use crate::{
    analysis::{
        blocking_calls::{BlockingCall, blocking_calls_in},
        ceasing::{Became, Waited, Words, uses},
        closures::Around,
        functions::{Definition, definition},
        ready::{self, Unwrapped},
        runtime_of::driver_of,
    },
    change::Change,
    codemod::{Candidate, Effect, Finding, Findings, Note, Safety, Verdict},
    context::{Enclosing, FileContext},
    knowledge::BlockingFilter,
    outline::Outline,
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

const WORDS: Words = Words {
    one: "waits for it on the spot",
    many: "wait for it on the spot",
};

const FILTER: BlockingFilter = BlockingFilter {
    kinds: waits,
    anywhere: |_| true,
};

/// A function with a call that blocks.
pub struct Eager {
    definition: Definition,
    finding: Finding,
}

/// The functions that may be one, on the tree alone.
pub fn candidates(outline: &Outline<'_>) -> impl Iterator<Item = Candidate> {
    let functions = outline.functions_of_futures(&ready::TYPES).into_iter();
    functions.filter(may_be).filter_map(|node| {
        Some(Candidate {
            range: node.name()?.syntax().text_range(),
            path: None,
        })
    })
}

fn may_be(node: &ast::Fn) -> bool {
    node.async_token().is_none() && ready::may_be(node)
}

/// Whether a function gives back a future that is ready.
pub fn is_one(ctx: &FileContext<'_>, node: &ast::Fn) -> bool {
    of_function(ctx, node).is_some()
}

fn of_function(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
) -> Option<(Definition, Result<Unwrapped, Refusal>)> {
    if !may_be(node) {
        return None;
    }
    let unwrapped = ready::unwrapped(ctx, node)?;
    let definition = definition(ctx, node)?;
    let may_change = definition.in_trait.is_none() && !definition.uncalled;
    may_change.then_some((definition, unwrapped))
}

/// Those of a file, each with the first of its calls that blocks. Others are found once it is async.
pub fn in_file(ctx: &FileContext<'_>, bare: Option<&str>) -> Vec<Eager> {
    let nodes = ctx.source.syntax().descendants();
    let nodes = nodes.filter_map(ast::Fn::cast);
    nodes.filter_map(|node| eager(ctx, bare, &node)).collect()
}

fn eager(ctx: &FileContext<'_>, bare: Option<&str>, node: &ast::Fn) -> Option<Eager> {
    if !may_be(node) || ctx.is_test_code(node.syntax()) && !ctx.settings.include_tests {
        return None;
    }
    let (definition, unwrapped) = of_function(ctx, node)?;
    let calls: Vec<(BlockingCall<'_>, Around)> =
        blocking_calls_in(ctx, node.body()?.syntax(), FILTER)
            .into_iter()
            .filter_map(|call| {
                let around = Around::of(ctx, call.expr.syntax())?;
                let is_own = matches!(&around.enclosing, Enclosing::SyncFn(it) if it == node);
                is_own.then_some((call, around))
            })
            .collect();
    let files = Files::of(&calls);
    let (call, around) = calls.iter().find(|(call, around)| {
        let is_left = call.is_cheap || call.blocks.is_conditional;
        !is_left && files.quiet(ctx, call, &around.enclosing).is_none()
    })?;
    let site = Site {
        ctx,
        call,
        around,
        body: node.syntax().clone(),
        driver: driver_of(ctx, &around.enclosing),
        crowd: files.crowd(ctx, call),
        bare,
    };
    let mut why = Vec::new();
    let verdict = site.verdict(&mut why);
    let verdict = becomes_async(ctx, &definition, unwrapped, verdict);
    let message = format!(
        "{}; then `{}` gives a future that is ready",
        stops(&call.blocks),
        definition.name
    );
    Some(Eager {
        finding: Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: call.range,
            message,
            why,
            conversion: None,
            verdict,
        },
        definition,
    })
}

/// The change of the call, together with that of the function around it.
fn becomes_async(
    ctx: &FileContext<'_>,
    definition: &Definition,
    unwrapped: Result<Unwrapped, Refusal>,
    of_call: Verdict,
) -> Verdict {
    let Verdict::Rewrite {
        change: call,
        mut effects,
        ..
    } = of_call
    else {
        return of_call;
    };
    let name = &definition.name;
    if definition.public {
        return Verdict::Manual(format!(
            "make `{name}` an `async fn` that gives the value, and await what blocks in it; other crates \
             can see it, and nothing would happen there before its future is awaited"
        ));
    }
    // That it gives a future today is what ends.
    let frontier = definition.frontier.as_ref();
    let frontier = frontier.filter(|it| it.kind != RefusalKind::R5);
    let refusal = frontier.or(definition.not_send.as_ref());
    let mut change = match (refusal, unwrapped) {
        (Some(refusal), _) => return Verdict::Refused(refusal.clone()),
        (None, Err(refusal)) => return Verdict::Refused(refusal),
        (None, Ok(unwrapped)) => unwrapped.change,
    };
    change.insert(ctx.file, definition.header, "async ");
    change.extend(&call);
    effects.push(Effect::Timing);
    Verdict::Rewrite {
        safety: Safety::Unsafe,
        change: without_doubles(change),
        effects,
    }
}

/// A name that both parts leave without a use is one.
fn without_doubles(mut change: Change) -> Change {
    let mut seen = Vec::new();
    change.leftovers.retain(|it| {
        let is_new = !seen.contains(it);
        seen.push(it.clone());
        is_new
    });
    change
}

/// What is done about the functions: each call of one has to wait for it on the spot.
pub fn settle(ws: &WorkspaceContext<'_>, mut eager: Vec<Eager>, findings: &mut Findings) {
    // A look that was interrupted is had again.
    eager.sort_by_key(|it| (it.finding.file, it.finding.range.start()));
    eager.dedup_by_key(|it| (it.finding.file, it.finding.range.start()));
    let open = eager.iter();
    let open = open.filter(|it| matches!(it.finding.verdict, Verdict::Rewrite { .. }));
    let definitions: Vec<_> = open.map(|it| &it.definition).collect();
    let mut uses = uses(ws, &definitions, |call, _| awaits(call));
    for mut it in eager {
        let of = uses.remove(&it.definition.key).unwrap_or_default();
        let Finding { verdict, why, .. } = &mut it.finding;
        if matches!(verdict, Verdict::Rewrite { .. }) {
            let name = &it.definition.name;
            why.push(Note::new(format!(
                "`{name}` becomes async, and begins where it is awaited"
            )));
        }
        *verdict = of.verdict(verdict.clone(), WORDS, why);
        findings.items.push(it.finding);
    }
}

/// A call stays as it is, if the runtime of async code waits for it.
fn awaits(call: &Waited<'_, '_>) -> Result<Became, Refusal> {
    match call.is_awaited {
        true => Ok(Became::default()),
        false => {
            let message = format!(
                "`{}` is driven by what may have no runtime for what it would await",
                call.name
            );
            Err(Refusal::new(RefusalKind::R1, message))
        }
    }
}
