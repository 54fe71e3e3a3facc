//! What a path can't mean, by what its names mean in their scope: that spares the types of the body
//! around it, which are what a census costs.

use ra_ap_hir::{Adt, ModuleDef, PathResolution};
use ra_ap_syntax::{AstNode, ast};

use super::{Sought, resolve::Census};
use crate::analysis::functions::Shape;

impl Census<'_, '_> {
    /// Whether a path names something else than a function, for certain.
    pub(super) fn leads_elsewhere(&self, path: &ast::Path, it: &Sought) -> bool {
        match (it.shape, path.qualifier()) {
            (Shape::Free, _) => self.is_another_function(path, it),
            // Who implements a trait need not be who is named.
            (Shape::Associated | Shape::Method, Some(owner)) if !it.in_trait => {
                self.is_another_owner(&owner, it)
            }
            (Shape::Associated | Shape::Method, _) => false,
        }
    }

    fn is_another_function(&self, path: &ast::Path, it: &Sought) -> bool {
        match self.in_scope(path) {
            Some(PathResolution::Def(ModuleDef::Function(found))) => !self.is_sought(found, it),
            _ => false,
        }
    }

    fn is_another_owner(&self, path: &ast::Path, it: &Sought) -> bool {
        let is_another = |adt: Adt| adt.name(self.ctx.db).as_str() != it.owner;
        match self.in_scope(path) {
            Some(PathResolution::Def(ModuleDef::Adt(adt))) => is_another(adt),
            Some(PathResolution::SelfType(it)) => {
                let adt = it.self_ty(self.ctx.db).as_adt();
                adt.is_some_and(is_another)
            }
            Some(PathResolution::Def(ModuleDef::Module(_)) | PathResolution::TypeParam(_)) => true,
            _ => false,
        }
    }

    fn in_scope(&self, path: &ast::Path) -> Option<PathResolution<'_>> {
        let scope = self.ctx.sema.scope(path.syntax())?;
        scope.speculative_resolve(path)
    }
}
