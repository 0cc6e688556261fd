//! Finds the module that defines what a path names.

use super::scan::{Module, Path};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A module.
    Module(usize),
    /// An item that this module defines.
    ItemOf(usize),
}

/// Follows paths through the modules of one crate.
#[derive(Debug)]
pub(crate) struct Resolver<'m> {
    modules: &'m [Module],
    /// The imports that are being followed, so that a circle of imports ends.
    open: Vec<(usize, String)>,
}

impl<'m> Resolver<'m> {
    pub(crate) fn new(modules: &'m [Module]) -> Self {
        Self {
            modules,
            open: Vec::new(),
        }
    }

    /// What `path` names in the module `from`; `None` for something outside the crate.
    pub(crate) fn target(&mut self, from: usize, path: &[String]) -> Option<Target> {
        let first = path.first()?;
        let module = &self.modules[from];
        let is_local = matches!(first.as_str(), "crate" | "self" | "super")
            || module.children.contains_key(first)
            || module.imports.contains_key(first) && !self.open.contains(&(from, first.clone()));
        if is_local {
            self.follow(from, path)
        } else {
            None
        }
    }

    fn follow(&mut self, mut at: usize, path: &[String]) -> Option<Target> {
        for (index, segment) in path.iter().enumerate() {
            let module = &self.modules[at];
            let rest = &path[index + 1..];
            let child = module.children.get(segment);
            match (segment.as_str(), child) {
                ("self", _) => {}
                ("super", _) => at = module.parent.unwrap_or(at),
                ("crate", _) => at = 0,
                // A module and a function may have one name.
                (_, Some(child)) if !rest.is_empty() || !module.items.contains(segment) => {
                    at = *child;
                }
                _ if module.items.contains(segment) => return Some(Target::ItemOf(at)),
                _ => return self.imported(at, segment, rest),
            }
        }
        Some(Target::Module(at))
    }

    /// The target of a name in the scope of `at` that the module does not define.
    fn imported(&mut self, at: usize, name: &str, rest: &[String]) -> Option<Target> {
        let key = (at, name.to_owned());
        if self.open.contains(&key) {
            return Some(Target::ItemOf(at));
        }
        self.open.push(key);
        let module = &self.modules[at];
        let found = match module.imports.get(name) {
            Some(import) => {
                let path: Path = import.iter().chain(rest).cloned().collect();
                self.target(at, &path)
            }
            None => self
                .by_glob(at, name, rest)
                .or_else(|| self.exported_macro(at, name))
                // An item that a macro defines.
                .or(Some(Target::ItemOf(at))),
        };
        self.open.pop();
        found
    }

    fn exported_macro(&self, at: usize, name: &str) -> Option<Target> {
        let mut modules = self.modules.iter();
        let defining = modules.position(|module| module.macros.contains(name));
        defining.filter(|_| at == 0).map(Target::ItemOf)
    }

    fn by_glob(&mut self, at: usize, name: &str, rest: &[String]) -> Option<Target> {
        for glob in &self.modules[at].globs {
            let Some(Target::Module(module)) = self.target(at, glob) else {
                continue;
            };
            let source = &self.modules[module];
            let is_there = source.items.contains(name)
                || source.children.contains_key(name)
                || source.imports.contains_key(name)
                || !source.globs.is_empty();
            if is_there {
                let path: Path = std::iter::once(name.to_owned())
                    .chain(rest.iter().cloned())
                    .collect();
                return self.follow(module, &path);
            }
        }
        None
    }
}
