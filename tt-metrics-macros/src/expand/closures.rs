//! Closures that a function returns as `impl Fn`: what they learn from the return type when the body is no longer its own.
//!
//! The compiler looks the types of `|text| text.len()` up in the signature only where the closure stands in the function
//! itself. In a body that became a closure or an `async` block, it finds them in the bounds of a function that is given
//! the closure.

mod signature;
mod told;

use proc_macro2::Group;
use quote::ToTokens;
use syn::{Block, Expr, Generics, ReturnType, Signature, Stmt, Type, parse::Parser};

use super::braced;
use told::{Value, told};

/// A body whose returned closures are told the types that the return type names for them.
///
/// It stays as it is where there is none, or where the compiler is to say what is wrong with it.
pub(super) fn told_by(signature: &Signature, body: &Group) -> Group {
    let ReturnType::Type(_, ty) = &signature.output else {
        return body.clone();
    };
    if !holds_opaque(ty) {
        return body.clone();
    }
    let Ok(mut statements) = Block::parse_within.parse2(body.stream()) else {
        return body.clone();
    };
    let mut function = Body {
        generics: &signature.generics,
        ty,
        told: false,
    };
    function.statements(&mut statements, Some(ty));
    if !function.told {
        return body.clone();
    }
    let statements = statements.iter().map(ToTokens::to_token_stream);
    braced(body, statements.collect())
}

/// Whether an `impl Trait` stands where a closure of the body can take its place.
fn holds_opaque(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) => true,
        Type::Paren(inner) => holds_opaque(&inner.elem),
        Type::Group(inner) => holds_opaque(&inner.elem),
        Type::Tuple(parts) => parts.elems.iter().any(holds_opaque),
        _ => false,
    }
}

/// The body of a function of a return type.
struct Body<'a> {
    generics: &'a Generics,
    ty: &'a Type,
    /// Whether one of its closures was found.
    told: bool,
}

impl Body<'_> {
    /// Statements, the last of which may be a value of the type.
    fn statements(&mut self, statements: &mut [Stmt], ty: Option<&Type>) {
        let last = statements.len().saturating_sub(1);
        for (index, statement) in statements.iter_mut().enumerate() {
            let ty = ty.filter(|_| index == last);
            match (statement, ty) {
                (Stmt::Expr(value, None), Some(ty)) => self.value(value, ty),
                (Stmt::Expr(inner, _), _) => self.returns(inner),
                (Stmt::Local(local), _) => {
                    if let Some(init) = &mut local.init {
                        self.returns(&mut init.expr);
                        if let Some((_, diverging)) = &mut init.diverge {
                            self.returns(diverging);
                        }
                    }
                }
                (statement @ Stmt::Macro(_), Some(ty)) => self.last_macro(statement, ty),
                _ => {}
            }
        }
    }

    fn told(&mut self, ty: &Type, value: &Value<'_>) -> Option<Expr> {
        let told = told(self.generics, ty, value)?;
        self.told = true;
        Some(Expr::Verbatim(told))
    }

    /// A macro at the end is what the block yields, unless a `;` follows.
    fn last_macro(&mut self, statement: &mut Stmt, ty: &Type) {
        let Stmt::Macro(called) = statement else {
            return;
        };
        if called.semi_token.is_none()
            && let Some(told) = self.told(ty, &Value::Macro(called))
        {
            *statement = Stmt::Expr(told, None);
        }
    }

    /// An expression that is a value of the type.
    fn value(&mut self, value: &mut Expr, ty: &Type) {
        let ty = match ty {
            Type::Paren(inner) => &*inner.elem,
            Type::Group(inner) => &*inner.elem,
            ty => ty,
        };
        match value {
            Expr::Closure(closure) => {
                if let Some(told) = self.told(ty, &Value::Closure(closure)) {
                    *value = told;
                }
            }
            Expr::Macro(called) => {
                if let Some(told) = self.told(ty, &Value::Macro(called)) {
                    *value = told;
                }
            }
            Expr::Paren(inner) => self.value(&mut inner.expr, ty),
            Expr::Group(inner) => self.value(&mut inner.expr, ty),
            Expr::Block(block) => self.statements(&mut block.block.stmts, Some(ty)),
            Expr::Unsafe(block) => self.statements(&mut block.block.stmts, Some(ty)),
            Expr::Tuple(values) => {
                if let Type::Tuple(types) = ty {
                    for (value, ty) in values.elems.iter_mut().zip(&types.elems) {
                        self.value(value, ty);
                    }
                }
            }
            other => self.returns(other),
        }
    }

    /// An expression in which a `return` may stand.
    fn returns(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Return(left) => {
                if let Some(value) = &mut left.expr {
                    self.value(value, self.ty);
                }
            }
            Expr::Paren(inner) => self.returns(&mut inner.expr),
            Expr::Group(inner) => self.returns(&mut inner.expr),
            Expr::Block(block) => self.statements(&mut block.block.stmts, None),
            Expr::Unsafe(block) => self.statements(&mut block.block.stmts, None),
            Expr::Loop(repeated) => self.statements(&mut repeated.body.stmts, None),
            Expr::While(repeated) => self.statements(&mut repeated.body.stmts, None),
            Expr::ForLoop(repeated) => self.statements(&mut repeated.body.stmts, None),
            Expr::If(choice) => {
                self.statements(&mut choice.then_branch.stmts, None);
                if let Some((_, other)) = &mut choice.else_branch {
                    self.returns(other);
                }
            }
            Expr::Match(choice) => {
                for arm in &mut choice.arms {
                    self.returns(&mut arm.body);
                }
            }
            _ => {}
        }
    }
}
