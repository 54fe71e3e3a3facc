//! The calls of a function that awaits nothing: each gives the value where it waited.

use ra_ap_ide_db::{span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{SyntaxKind, T, TextRange, TextSize, ast};

use super::function::Fake;
use crate::{
    analysis::{
        awaited::starts_with_struct,
        ceasing::{Became, Waited, Words, uses},
        leftovers,
    },
    change::Change,
    codemod::{Finding, Verdict},
    refusal::Refusal,
    workspace::WorkspaceContext,
};

const WORDS: Words = Words {
    one: "gives the value",
    many: "give the value",
};

/// Takes the `.await` from each call of the functions, or says why one has to stay.
pub fn settle(ws: &WorkspaceContext<'_>, fakes: Vec<Fake>) -> Vec<Finding> {
    // What stays for a reason of its own needs none of another.
    let open = fakes.iter();
    let open = open.filter(|fake| matches!(fake.finding.verdict, Verdict::Rewrite { .. }));
    let definitions: Vec<_> = open.map(|fake| &fake.definition).collect();
    let mut uses = uses(ws, &definitions, |call, _| value(call));
    let settled = fakes.into_iter().map(|mut fake| {
        let of = uses.remove(&fake.definition.key).unwrap_or_default();
        let Finding { verdict, why, .. } = &mut fake.finding;
        *verdict = of.verdict(verdict.clone(), WORDS, why);
        fake.finding
    });
    settled.collect()
}

/// The value in the place of the future.
fn value(call: &Waited<'_, '_>) -> Result<Became, Refusal> {
    let (ctx, at) = (call.ctx, call.ranges()?);
    let before = TextRange::new(at.whole.start(), at.call.start());
    let behind = TextRange::new(at.call.end(), at.future.end());
    let tail = TextRange::new(at.future.end(), at.whole.end());
    let is_commented = |range| comments(ctx.slice(range));
    let stays = starts_with_struct(&call.call) || is_commented(before) || is_commented(behind);
    let is_plain = matches!(call.future, ast::Expr::ParenExpr(_)) || call.future == call.call;
    if stays && !(call.is_awaited && is_plain) || !call.is_awaited && is_commented(tail) {
        return Err(call.refuse("is called with a comment or a struct in the way"));
    }
    let mut change = Change::default();
    let mut gone = vec![tail];
    let after = &ctx.text[usize::from(at.whole.end())..];
    let (tail, text) = without_await(ctx.slice(tail), tail, after);
    if stays {
        change.replace(ctx.file, tail, text);
    } else {
        gone.extend([before, behind]);
        if !before.is_empty() {
            change.delete(ctx.file, before);
        }
        change.replace(ctx.file, TextRange::new(behind.start(), tail.end()), text);
    }
    leftovers::note(ctx, &mut change, &gone);
    Ok(Became {
        change,
        ..Became::default()
    })
}

fn comments(text: &str) -> bool {
    let tokens = LexedStr::new(Edition::CURRENT, text);
    (0..tokens.len()).any(|at| tokens.kind(at) == SyntaxKind::COMMENT)
}

/// What replaces the text behind a future up to the end of its `.await`: nothing, or the comments in it.
/// Those come behind the `?` and `;` which end the expression.
fn without_await(text: &str, range: TextRange, after: &str) -> (TextRange, String) {
    if !comments(text) {
        return (range, String::new());
    }
    let tokens = LexedStr::new(Edition::CURRENT, text);
    let kept: String = (0..tokens.len())
        .filter(|&at| !matches!(tokens.kind(at), T![.] | T![await]))
        .map(|at| tokens.text(at))
        .collect();
    let marks = after.len() - after.trim_start_matches('?').len();
    let ends = marks + usize::from(after[marks..].starts_with(';'));
    let (end, rest) = after.split_at(ends);
    // What follows on the line would become part of the comment.
    let is_last = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let kept = match is_last {
        true => kept.trim_end(),
        false => kept.as_str(),
    };
    let length = TextSize::of(end);
    (
        TextRange::new(range.start(), range.end() + length),
        format!("{end}{kept}"),
    )
}
