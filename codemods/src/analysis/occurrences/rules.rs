//! Names in the rules of a macro: what they are where the macro is used, each use looked at.

use std::collections::BTreeMap;

use ra_ap_hir::Macro;
use ra_ap_ide_db::{FileId, FxHashMap, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxToken, TextSize,
    ast::{self, HasAttrs, HasName},
};

use super::{
    Occurrence, Question, Sought, by_name,
    resolve::{Census, Resolved},
    tokens,
};
use crate::{
    analysis::contract,
    context::FileContext,
    workspace::{MemberFile, WorkspaceContext},
};

/// A macro by where its name stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacroKey {
    file: FileId,
    at: TextSize,
    name: String,
}

/// The macro of `macro_rules!` that a name stands in the rules of, if only the workspace can use it.
pub(super) fn macro_around(ctx: &FileContext<'_>, token: &SyntaxToken) -> Option<MacroKey> {
    let mut around = token.parent_ancestors();
    let rules = around.find_map(ast::MacroRules::cast)?;
    let name = rules.name().filter(|_| token.kind() == SyntaxKind::IDENT)?;
    let mut attributes = rules.attrs();
    let exported = attributes.any(|attr| {
        let path = contract::attribute_path(&attr);
        path.as_deref() == Some("macro_export")
    });
    (!exported).then(|| MacroKey {
        file: ctx.file,
        at: name.syntax().text_range().start(),
        name: name.text().to_string(),
    })
}

/// Leaves out the names in the rules of macros which are another function's in every use of the macro.
pub(super) fn without_others(
    ws: &WorkspaceContext<'_>,
    found: Vec<Occurrence>,
    sought: &[Sought],
    question: &Question<'_>,
) -> Vec<Occurrence> {
    let mut wanted: BTreeMap<&MacroKey, FxHashSet<&str>> = BTreeMap::new();
    for it in &found {
        let of = sought.iter().filter(|sought| sought.key == it.of);
        if let Some(key) = &it.in_rules {
            let names = of.map(|sought| sought.name.as_str());
            wanted.entry(key).or_default().extend(names);
        }
    }
    let words: FxHashSet<String> = wanted.keys().map(|it| it.name.clone()).collect();
    if words.is_empty() {
        return found;
    }
    let members = ws.members.mentioning(&words);
    let of: FxHashMap<FileId, &MemberFile> = members.iter().map(|it| (it.file, it)).collect();
    let files: Vec<FileId> = members.iter().map(|it| it.file).collect();
    let (seen, blind) = ws.look(&files, |ctx| {
        let file = of[&ctx.file];
        let census = Census {
            ctx,
            question,
            crates: file.crates,
        };
        let by_name = by_name(sought, file);
        let mut seen: Vec<(MacroKey, Option<usize>)> = Vec::new();
        for (key, names) in &wanted {
            let sought = names.iter().filter_map(|it| by_name.get(it)).flatten();
            let sought: Vec<&Sought> = sought.copied().collect();
            let uses = Uses {
                census: &census,
                key,
            };
            seen.push(((*key).clone(), uses.of_others(&sought)));
        }
        seen
    });
    let blind: Vec<String> = blind.into_iter().map(|it| ws.members.text(it)).collect();
    let mut uses: BTreeMap<MacroKey, Option<usize>> = BTreeMap::new();
    for (key, count) in seen.into_iter().flat_map(|(_, seen)| seen) {
        let all = uses.entry(key).or_insert(Some(0));
        *all = all.zip(count).map(|(all, count)| all + count);
    }
    let is_open = |key: &MacroKey| {
        let used = uses.get(key).copied().flatten();
        // What nothing uses proves nothing.
        used.unwrap_or_default() == 0 || blind.iter().any(|text| text.contains(&key.name))
    };
    let stays = |it: &Occurrence| it.in_rules.as_ref().is_none_or(is_open);
    let stays: Vec<bool> = found.iter().map(stays).collect();
    let found = found.into_iter().zip(stays);
    found
        .filter_map(|(it, stays)| stays.then_some(it))
        .collect()
}

/// The uses of a macro in one file.
struct Uses<'u, 'a, 'b> {
    census: &'u Census<'a, 'b>,
    key: &'u MacroKey,
}

impl Uses<'_, '_, '_> {
    /// The number of its uses in the file, if what the macro makes there names none of the functions.
    /// `None` also where it is used in a way that can't be followed.
    fn of_others(&self, sought: &[&Sought]) -> Option<usize> {
        let named = |token: &SyntaxToken| {
            token.kind() == SyntaxKind::IDENT && token.text() == self.key.name
        };
        let root = self.census.ctx.source.syntax();
        let mut count = 0;
        for token in tokens(root).filter(named) {
            if self.is_in_own_rules(&token) {
                continue;
            }
            let parent = token.parent();
            if parent.is_some_and(|it| ast::TokenTree::can_cast(it.kind())) {
                return None;
            }
            let mut around = token.parent_ancestors();
            let path = around.find_map(ast::Path::cast).map(|path| path.top_path());
            let Some(outer) = path.and_then(|path| path.syntax().parent()) else {
                continue;
            };
            let fine = match ast::MacroCall::cast(outer.clone()) {
                Some(mac) => {
                    count += 1;
                    self.makes_others(&mac, sought)
                }
                // Under another name its uses are not seen.
                None => ast::UseTree::cast(outer).is_none_or(|it| it.rename().is_none()),
            };
            if !fine {
                return None;
            }
        }
        Some(count)
    }

    fn is_in_own_rules(&self, token: &SyntaxToken) -> bool {
        let rules = token.parent_ancestors().find_map(ast::MacroRules::cast);
        let name = rules.and_then(|rules| rules.name());
        let at = name.map(|name| name.syntax().text_range().start());
        self.census.ctx.file == self.key.file && at == Some(self.key.at)
    }

    /// Whether all that a macro makes of a use names something else, if it is this macro.
    fn makes_others(&self, mac: &ast::MacroCall, sought: &[&Sought]) -> bool {
        match self.census.ctx.sema.resolve_macro_call(mac) {
            Some(it) if !self.is_it(it) => true,
            Some(_) => self.expands_to_others(mac, sought),
            None => false,
        }
    }

    fn expands_to_others(&self, mac: &ast::MacroCall, sought: &[&Sought]) -> bool {
        let sema = self.census.ctx.sema;
        let Some(expansion) = sema.expand_macro_call(mac) else {
            return false;
        };
        let made = expansion.value;
        // Of other macros the rules are looked at for themselves.
        let matters = |mac: &ast::MacroCall| {
            let names_it = |token: SyntaxToken| sought.iter().any(|it| it.name == token.text());
            let same = sema.resolve_macro_call(mac).is_none_or(|it| self.is_it(it));
            same || tokens(mac.syntax()).any(names_it)
        };
        let names_others = |token: SyntaxToken| {
            let mut sought = sought.iter();
            let text = token.text().trim_start_matches("r#").to_owned();
            sought.all(|it| {
                it.name != text || matches!(self.census.resolve_node(&token, it), Resolved::Other)
            })
        };
        // What stands among the arguments of a macro inside is looked at in what that one makes.
        tokens(&made)
            .filter(|token| token.kind() == SyntaxKind::IDENT)
            .filter(|token| {
                let parent = token.parent();
                parent.is_some_and(|it| !ast::TokenTree::can_cast(it.kind()))
            })
            .all(names_others)
            && made
                .descendants()
                .filter_map(ast::MacroCall::cast)
                .filter(matters)
                .all(|mac| self.expands_to_others(&mac, sought))
    }

    fn is_it(&self, found: Macro) -> bool {
        let ctx = self.census.ctx;
        let source = ctx.sema.source(found);
        let name = source.and_then(|source| {
            let name = source.value.left()?.name()?;
            ctx.sema.original_range_opt(name.syntax())
        });
        name.is_none_or(|it| {
            (it.file_id.file_id(ctx.db), it.range.start()) == (self.key.file, self.key.at)
        })
    }
}
