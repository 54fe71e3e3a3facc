//! What must hold after a change of several functions, looked at before it is made.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::{explain::Chains, seed::Seed};
use crate::{
    analysis::{
        closures::Around,
        driven::is_block_on,
        functions::{FunctionKey, unit_of},
        nested::panics_inside,
        own_combinators::OwnCombinators,
        propagation::{Fate, Root},
    },
    context::{Enclosing, FileContext},
    refusal::{Refusal, RefusalKind},
};

/// The functions that become async, with the place of their root in the list.
type Roots = BTreeMap<FunctionKey, usize>;

impl Chains<'_> {
    /// The roots that must not be changed, with the reason.
    pub fn broken_roots(&self, seeds: &[Seed]) -> BTreeMap<usize, Refusal> {
        let mut of = Roots::new();
        for (index, root) in self.decision.roots.iter().enumerate() {
            of.extend(root.functions.keys().map(|&key| (key, index)));
        }
        let alone: BTreeSet<usize> = (0..self.decision.roots.len())
            .filter(|&index| is_alone(&self.decision.roots[index]))
            .collect();
        let parts = of.keys().flat_map(|key| &self.graph.nodes[key].parts);
        let files: BTreeSet<FileId> = parts.map(|it| it.key.file).collect();
        let files: Vec<FileId> = files.into_iter().collect();
        let own = self.own;
        let (looked, _) = self.ws.look(&files, |ctx| {
            let mut broken: Vec<(usize, Option<TextRange>, String)> = Vec::new();
            broken.extend(left_in(ctx, &of, seeds, own));
            broken.extend(nested_in(ctx, &of, &alone));
            broken
        });
        let mut refused = BTreeMap::new();
        for (file, broken) in looked {
            for (root, range, mut message) in broken {
                if let Some(range) = range {
                    message = format!("{message}, at {}", self.place((file, range)));
                }
                let refusal = Refusal::new(RefusalKind::R9, message);
                refused.entry(root).or_insert(refusal);
            }
        }
        refused
    }
}

/// The calls that would stand in async code and are no seeds: the codemod was not asked about them.
fn left_in(
    ctx: &FileContext<'_>,
    of: &Roots,
    seeds: &[Seed],
    own: &OwnCombinators,
) -> Vec<(usize, Option<TextRange>, String)> {
    ctx.calls(is_block_on)
        .into_iter()
        .filter(|call| !seeds.iter().any(|it| it.takes_away(ctx.file, call.range)))
        .filter_map(
            |call| match Around::with(ctx, call.expr.syntax(), own)?.enclosing {
                Enclosing::SyncFn(function) => {
                    let function = ctx.sema.to_fn_def(&function)?;
                    let root = *of.get(&unit_of(ctx, function)?)?;
                    let message =
                        format!("another `{}` would be left in async code", call.api.name());
                    Some((root, Some(call.range), message))
                }
                _ => None,
            },
        )
        .collect()
}

/// Whether a future of a root is driven by what can't nest.
fn is_alone(root: &Root) -> bool {
    let bridges = root.calls.iter().filter_map(|(_, fate)| match fate {
        Fate::Bridge(bridge, _) => Some(bridge),
        Fate::Await | Fate::Stay => None,
    });
    bridges.chain(root.kept.values()).any(|bridge| bridge.alone)
}

/// What would panic inside of the futures that are driven by what can't nest.
fn nested_in(
    ctx: &FileContext<'_>,
    of: &Roots,
    alone: &BTreeSet<usize>,
) -> Vec<(usize, Option<TextRange>, String)> {
    if alone.is_empty() {
        return Vec::new();
    }
    let functions = ctx.source.syntax().descendants().filter_map(ast::Fn::cast);
    functions
        .filter_map(|node| {
            let key = unit_of(ctx, ctx.sema.to_fn_def(&node)?)?;
            let root = *of.get(&key).filter(|root| alone.contains(root))?;
            let becomes_async =
                |function| unit_of(ctx, function).is_some_and(|key| of.contains_key(&key));
            let path = panics_inside(ctx, node.body()?.syntax(), &becomes_async)?;
            let message = format!("`{path}` would panic inside of the future that a bridge drives");
            Some((root, None, message))
        })
        .collect()
}
