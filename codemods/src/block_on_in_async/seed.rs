//! A call in a function that is not async, as plain data.

use std::{collections::BTreeSet, sync::Arc};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::facades::Facade;
use crate::{
    analysis::{
        asyncify::Around,
        awaited::Future,
        bridges::Driver,
        closures::Wrap,
        functions::{Definition, FunctionKey, definition, key_of},
        own_combinators::OwnCombinator,
        reach::Graph,
        recursion::leads_to,
        severity::Severity,
    },
    change::{Change, Edit},
    codemod::{Finding, Verdict},
    context::{Call, FileContext},
    knowledge::{Api, Flavor, Role},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// A call in a function that is not async.
pub struct Seed {
    /// The function.
    pub function: Definition,
    /// What there is to say about the call, if async code comes to it. Its verdict is the one that
    /// it would have in an async function.
    pub finding: Finding,
    /// The future in the call.
    pub(super) future: TextRange,
    pub(super) future_text: String,
    /// What drives it.
    pub(super) api: Api,
    /// What may drive the future elsewhere.
    pub driver: Option<Driver>,
    /// What refutes that the future is `Send`.
    pub not_send: Option<Refusal>,
    /// It becomes its future with no more than `.await` behind it.
    pub becomes_await: bool,
    /// It stands in closures that are written out.
    pub in_closure: bool,
    /// The functions of the workspace that call the closures in which it stands.
    pub own: Vec<Arc<OwnCombinator>>,
    /// The async functions that the future comes to await.
    pub leads_to: BTreeSet<FunctionKey>,
    /// The function does nothing else.
    pub facade: Option<Facade>,
    /// What is called is such a function, which does this.
    pub of_facade: Option<String>,
}

impl Seed {
    /// A call in a function. `None` for what a macro makes.
    pub fn new(
        ctx: &FileContext<'_>,
        call: &Call<'_>,
        function: &ast::Fn,
        finding: Finding,
    ) -> Option<Seed> {
        let function = definition(ctx, function)?;
        let Role::BlockOn { future, .. } = &call.api.role else {
            return None;
        };
        let future = call.argument(*future)?.clone();
        let range = ctx.source_range(future.syntax())?;
        let rewrites = matches!(finding.verdict, Verdict::Rewrite { .. });
        let leads_to = match rewrites {
            true => leads_to(ctx, &Future::Expr(future)),
            false => Default::default(),
        };
        Some(Seed {
            function,
            finding,
            future: range,
            future_text: ctx.slice(range).to_owned(),
            api: call.api.clone(),
            driver: Driver::of(ctx, call),
            not_send: None,
            own: Vec::new(),
            becomes_await: false,
            in_closure: false,
            leads_to: leads_to
                .into_iter()
                .filter_map(|it| key_of(ctx, it))
                .collect(),
            facade: None,
            of_facade: None,
        })
    }

    /// Where it stands.
    pub fn place(&self) -> (FileId, TextRange) {
        (self.finding.file, self.finding.range)
    }

    /// What the call does today to code of a runtime that comes to it.
    pub fn message(&self, flavor: Option<Flavor>) -> String {
        let sentence = Severity::of(&self.api, flavor).sentence(&self.api.path);
        self.of_facade.clone().unwrap_or_default() + &sentence
    }

    /// What the call does, whoever comes to it.
    pub fn drives(&self) -> String {
        let words = self.of_facade.clone().unwrap_or_default();
        format!("{words}`{}` drives a future", self.api.path)
    }

    /// The edits of its own change.
    pub fn edits(&self) -> &[Edit] {
        match &self.finding.verdict {
            Verdict::Rewrite { change, .. } => &change.edits,
            _ => &[],
        }
    }

    /// Whether a call goes away with this one, or is it.
    pub fn takes_away(&self, file: FileId, call: TextRange) -> bool {
        let mut edits = self.edits().iter();
        let inside = edits.any(|it| it.file == file && it.range.contains_range(call));
        self.place() == (file, call) || (inside && !self.future.contains_range(call))
    }

    /// Why the future can't be awaited where it is.
    pub fn stays(&self, ws: &WorkspaceContext<'_>, graph: &Graph) -> Option<Refusal> {
        let message = match &self.finding.verdict {
            Verdict::Refused(refusal) => return Some(refusal.clone()),
            Verdict::Manual(_) => "a comment says why the call is there",
            Verdict::Rewrite { .. } if ws.members.allows(&self.finding) => {
                "a comment or the baseline allows the call"
            }
            Verdict::Rewrite { .. } => {
                let mut own = self.own.iter();
                let own = own.find(|it| graph.nodes.contains_key(&it.key));
                return own.map(|it| it.becomes_async());
            }
        };
        Some(Refusal::new(RefusalKind::R9, message))
    }

    /// What becomes of the call where closures are written out with all that changes in them.
    pub fn wrap(&self) -> Option<Wrap> {
        self.becomes_await.then(|| Wrap {
            range: self.finding.range,
            inner: self.future,
            before: String::new(),
            after: ".await".to_owned(),
            is_boxed: false,
            in_closure: self.in_closure,
        })
    }

    /// Takes over what its own change does, with the future left standing: calls in it may change
    /// as well.
    pub fn add_to(&self, own: &Change, change: &mut Change, around: &mut Around) {
        change.gone.extend(own.gone.iter().copied());
        change.leftovers.extend(own.leftovers.iter().cloned());
        for edit in &own.edits {
            let (whole, future) = (edit.range, self.future);
            let kept = whole
                .contains_range(future)
                .then(|| edit.text.split_once(&self.future_text))
                .flatten()
                // Of several, one may not be the future.
                .filter(|(_, after)| !after.contains(&self.future_text));
            let Some((before, after)) = kept else {
                change.edits.push(edit.clone());
                continue;
            };
            let before_it = TextRange::new(whole.start(), future.start());
            let behind_it = TextRange::new(future.end(), whole.end());
            match before_it.is_empty() {
                true => around.add(edit.file, future, before, ""),
                false => change.replace(edit.file, before_it, before),
            }
            match behind_it.is_empty() {
                true => around.add(edit.file, future, "", after),
                false => change.replace(edit.file, behind_it, after),
            }
        }
    }
}
