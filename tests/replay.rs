//! What a run says of changes that the compiler rejected, when it is done again without them.

use std::collections::BTreeMap;

use ra_ap_syntax::{AstNode, ast};
use unpark::outcome::State;
use unpark_codemods::{
    CATALOGUE, Codemod,
    change::Change,
    codemod::{Candidate, Finding, Findings, Pass, Safety, Verdict},
    context::FileContext,
};

use crate::support::{
    fixture::Case,
    stage::{Stage, in_pool, stage},
};

/// A codemod that writes another number in the place of each `1`.
const fn numbers(name: &'static str, pass: fn(&FileContext<'_>, &mut Findings)) -> Codemod {
    Codemod {
        name,
        summary: "",
        title: None,
        docs: "",
        safety: Safety::Safe,
        opt_in: false,
        triggers: |_| Vec::new(),
        tokens: |_| true,
        candidates: |outline, _| {
            let range = outline.file.syntax().text_range();
            vec![Candidate { range, path: None }]
        },
        pass: Pass::File(pass),
    }
}

static TWO: Codemod = numbers("two", |ctx, findings| write("two", "2", ctx, findings));
static THREE: Codemod = numbers("three", |ctx, findings| write("three", "3", ctx, findings));

fn write(codemod: &'static str, number: &str, ctx: &FileContext<'_>, findings: &mut Findings) {
    let literals = ctx.source.syntax().descendants();
    let literals = literals.filter_map(ast::Literal::cast);
    for literal in literals.filter(|it| it.syntax().text() == "1") {
        let range = literal.syntax().text_range();
        let mut change = Change::default();
        change.replace(ctx.file, range, number);
        findings.items.push(Finding {
            codemod,
            file: ctx.file,
            range,
            message: format!("it is not {number}"),
            why: Vec::new(),
            conversion: None,
            verdict: Verdict::Rewrite {
                safety: Safety::Safe,
                change,
                effects: Vec::new(),
            },
        });
    }
}

/// The codemods and states of what is found, in the order of their names, and the id of the first.
fn play(stage: &mut Stage, denied: &BTreeMap<String, String>) -> (String, Vec<(String, State)>) {
    let files = BTreeMap::from([("src/lib.rs".to_owned(), "pub const N: u8 = 1;\n".to_owned())]);
    let outcome = in_pool(1, || stage.play(&Case::default(), &files, denied));
    let states = outcome.findings.iter();
    let mut states: Vec<_> = states.map(|it| (it.codemod.to_owned(), it.state)).collect();
    states.sort_by_key(|(codemod, _)| codemod.clone());
    (outcome.findings[0].id.clone(), states)
}

#[test]
fn a_denied_change_is_said_although_another_codemod_changes_its_text() {
    let mut stage = stage();
    stage.selection = vec![&TWO, &THREE];
    let (two, first) = play(&mut stage, &BTreeMap::new());
    let denied = BTreeMap::from([(two, "a type does not fit".to_owned())]);
    let (_, replay) = play(&mut stage, &denied);
    stage.selection = CATALOGUE.iter().collect();
    assert_eq!(first, [("two".to_owned(), State::Fixed)]);
    let three = ("three".to_owned(), State::Fixed);
    assert_eq!(replay, [three, ("two".to_owned(), State::Reverted)]);
}
