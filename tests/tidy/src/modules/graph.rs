//! The imports between the modules of one crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::File;

use super::{
    resolve::{Resolver, Target},
    scan::{Crate, Kind, Reference},
};

/// The paths by which one module imports another.
type Paths = BTreeSet<String>;

/// Which module of a crate imports which.
#[derive(Debug)]
pub(crate) struct Imports {
    /// The folder of the crate.
    pub(crate) package: String,
    /// The path of each module below the crate, joined with `::`; the root is `crate`.
    pub(crate) modules: Vec<String>,
    /// The files of the modules.
    pub(crate) files: Vec<String>,
    edges: BTreeMap<usize, BTreeMap<usize, Paths>>,
    missing: Vec<String>,
}

/// One import.
#[derive(Debug)]
pub(crate) struct Import<'i> {
    pub(crate) from: &'i str,
    pub(crate) to: &'i str,
    pub(crate) paths: &'i Paths,
}

impl Imports {
    /// Reads the crate whose root is the file at `root`.
    pub(crate) fn read(files: &[File], root: &str) -> Self {
        let Crate {
            modules,
            files,
            missing,
        } = Crate::read(files, root);
        let mut edges: BTreeMap<usize, BTreeMap<usize, Paths>> = BTreeMap::new();
        for (from, module) in modules.iter().enumerate() {
            for reference in &module.references {
                let target = Resolver::new(&modules).target(from, &reference.path);
                let Some(to) = target.and_then(|target| imported(reference, target)) else {
                    continue;
                };
                if to != from {
                    let paths = edges.entry(from).or_default().entry(to).or_default();
                    paths.insert(reference.path.join("::"));
                }
            }
        }
        let name = |path: &[String]| match path {
            [] => "crate".to_owned(),
            path => path.join("::"),
        };
        Self {
            package: root.split("/src/").next().unwrap_or(root).to_owned(),
            modules: modules.iter().map(|module| name(&module.path)).collect(),
            files,
            edges,
            missing,
        }
    }

    /// Every import between two modules.
    pub(crate) fn all(&self) -> impl Iterator<Item = Import<'_>> {
        let edges = self.edges.iter();
        edges.flat_map(|(from, targets)| {
            targets.iter().map(|(to, paths)| Import {
                from: &self.modules[*from],
                to: &self.modules[*to],
                paths,
            })
        })
    }

    /// One sentence for each circle, and for each module that could not be read.
    pub(crate) fn circles(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let name = name.trim_end_matches(".rs");
            format!("{}: the module `{name}` has no file {path}", self.package)
        });
        let reachable: Vec<BTreeSet<usize>> = (0..self.modules.len())
            .map(|module| self.reachable(module))
            .collect();
        let mut circles: BTreeSet<Vec<usize>> = BTreeSet::new();
        for (module, from_here) in reachable.iter().enumerate() {
            if from_here.contains(&module) {
                let members = from_here.iter().copied();
                let members = members.filter(|other| reachable[*other].contains(&module));
                circles.insert(members.collect());
            }
        }
        missing
            .chain(circles.iter().map(|members| self.circle(members)))
            .collect()
    }

    /// The modules that a module imports, and those that they import.
    fn reachable(&self, from: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(module) = open.pop() {
            for next in self.edges.get(&module).into_iter().flatten() {
                if found.insert(*next.0) {
                    open.push(*next.0);
                }
            }
        }
        found
    }

    fn circle(&self, members: &[usize]) -> String {
        let names: Vec<&str> = members
            .iter()
            .map(|member| self.modules[*member].as_str())
            .collect();
        let within =
            |import: &Import<'_>| names.contains(&import.from) && names.contains(&import.to);
        let imports = self.all().filter(within).map(|import| {
            let paths: Vec<&str> = import.paths.iter().map(String::as_str).collect();
            format!(
                "\n    {} -> {} ({})",
                import.from,
                import.to,
                paths.join(", ")
            )
        });
        format!(
            "{}: the modules {} import each other in a circle{}",
            self.package,
            names.join(", "),
            imports.collect::<String>()
        )
    }
}

/// The module that a reference imports something from.
fn imported(reference: &Reference, target: Target) -> Option<usize> {
    match (reference.kind, target) {
        // A re-export is another path to an item, and the name of a module alone imports no item.
        (Kind::ReExport, _) | (Kind::Code | Kind::Import, Target::Module(_)) => None,
        (_, Target::Module(module) | Target::ItemOf(module)) => Some(module),
    }
}
