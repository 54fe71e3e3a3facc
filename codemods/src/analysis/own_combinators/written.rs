//! The twin of a function that takes a closure, as text, or the one that is there already.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasGenericParams, HasName, HasVisibility},
};

use super::Twin;
use crate::{
    analysis::{
        awaited::is_called,
        twin::{head, twin_name},
    },
    change::Change,
    context::tokens_of,
    text::spliced,
};

impl Twin<'_, '_> {
    /// What puts the twin beside the function; nothing if it is there.
    ///
    /// # Errors
    /// Why that can't be, as the end of a sentence.
    pub(super) fn beside(&self, attributes: &[String]) -> Result<Change, String> {
        let ctx = self.ctx;
        let body = self.node.body().ok_or("it has no body")?;
        let bound = self.closure.bound.syntax().text_range();
        let changes = [(TextRange::empty(bound.start()), "Async".to_owned())];
        let head = head(ctx, self.node, attributes, &changes);
        let mut change = Change::default();
        if let Some(other) = self.of_its_name() {
            let wanted = ast::SourceFile::parse(&format!("{head}{{}}"), ctx.package.edition).tree();
            let wanted = wanted.syntax().descendants().find_map(ast::Fn::cast);
            if wanted.as_ref().map(signature) != Some(signature(&other)) {
                return Err(format!(
                    "`{}` beside it is something else",
                    self.twin_name()
                ));
            }
            let range = other.syntax().text_range();
            change.uses(ctx.file, range);
            return Ok(change);
        }
        let mut awaits = Vec::new();
        for call in self.calls {
            let range = ctx.source_range(call.syntax());
            let range = range.ok_or("a macro makes the call")?;
            let (before, after) = match is_called(call) {
                true => ("(", ".await)"),
                false => ("", ".await"),
            };
            awaits.push((TextRange::empty(range.start()), before));
            awaits.push((TextRange::empty(range.end()), after));
        }
        let whole = self.node.syntax().text_range();
        let outer = ctx.indent_at(whole.start());
        let body = spliced(ctx.text, body.syntax().text_range(), awaits);
        change.insert(ctx.file, whole.end(), format!("\n\n{outer}{head}{body}"));
        change.copies(ctx.file, whole);
        Ok(change)
    }

    fn twin_name(&self) -> String {
        twin_name(&self.definition.name)
    }

    /// The function beside this one that has the twin's name.
    fn of_its_name(&self) -> Option<ast::Fn> {
        let wanted = self.twin_name();
        let beside = self.node.syntax().parent()?;
        let mut functions = beside.children().filter_map(ast::Fn::cast);
        functions.find(|it| it.name().is_some_and(|name| name.text() == wanted))
    }
}

/// All that a caller has to know of a function; the names of parameters are none of it.
fn signature(node: &ast::Fn) -> Vec<String> {
    let text = |node: Option<&SyntaxNode>| node.map(tokens_of).unwrap_or_default();
    let list = node.param_list();
    let receiver = list.as_ref().and_then(|it| it.self_param());
    let mut parts = vec![
        text(node.visibility().as_ref().map(AstNode::syntax)),
        text(node.generic_param_list().as_ref().map(AstNode::syntax)),
        text(node.ret_type().as_ref().map(AstNode::syntax)),
        text(node.where_clause().as_ref().map(AstNode::syntax)),
        text(receiver.as_ref().map(AstNode::syntax)),
        format!(
            "{} {}",
            node.async_token().is_some(),
            node.unsafe_token().is_some()
        ),
    ];
    let types = list.iter().flat_map(|it| it.params());
    parts.extend(types.map(|it| text(it.ty().as_ref().map(AstNode::syntax))));
    let trimmed = |part: String| part.replace(",>", ">").trim_end_matches(',').to_owned();
    parts.into_iter().map(trimmed).collect()
}
