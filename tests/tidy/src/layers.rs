//! Finds imports against the order of the folders of a crate.

use crate::{
    modules::{
        graph::{Import, Imports},
        production_crates,
    },
    tree::File,
};

/// The order of the top-level modules of one crate.
#[derive(Debug)]
struct Order {
    package: &'static str,
    /// Each may import those before it.
    layers: &'static [&'static str],
    /// Modules that only re-export or document others, and may import every layer.
    above: &'static [&'static str],
}

const ORDERS: &[Order] = &[
    Order {
        package: "tt-metrics",
        layers: &[
            "metric", "declare", "count", "sink", "flush", "lambda", "testing",
        ],
        above: &["__private", "guide"],
    },
    Order {
        package: "tt-metrics-macros",
        layers: &["diagnostics", "parse", "model", "emit", "expand"],
        above: &[],
    },
    Order {
        package: "cli",
        layers: &[
            "workspace",
            "process",
            "terminal",
            "file",
            "python",
            "doctor",
            "stack",
            "operate",
            "settings",
            "catalogue",
            "template",
            "monitoring",
            "account",
            "report",
            "args",
            "commands",
        ],
        above: &[],
    },
    Order {
        package: "functions/case-creation",
        layers: &[
            "error",
            "ending",
            "s3",
            "decode",
            "expiry",
            "deduplicate",
            "map",
            "deliver",
            "ledger",
            "acknowledge",
            "config",
            "handler",
        ],
        above: &[],
    },
    Order {
        package: "functions/tt-producer",
        layers: &[
            "config",
            "deadline",
            "upload",
            "notification",
            "object",
            "split",
            "parse",
            "encode",
            "send",
            "ledger",
            "queue",
            "replay",
            "file",
            "error",
            "handler",
        ],
        above: &[],
    },
];

/// One violation for each import of a later layer, and for each module without a place in the order.
pub fn violations(files: &[File]) -> Vec<String> {
    let crates = production_crates(files);
    ORDERS
        .iter()
        .flat_map(|order| order.violations(&crates))
        .collect()
}

impl Order {
    fn violations(&self, crates: &[Imports]) -> Vec<String> {
        let of_package = crates.iter().find(|found| found.package == self.package);
        let Some(imports) = of_package else {
            return vec![format!("{}: there is no such crate", self.package)];
        };
        let without_place = imports
            .modules
            .iter()
            .filter(|module| self.rank(module).is_none())
            .map(|module| {
                format!(
                    "{}: `{}` has no place in the order of layers",
                    self.package,
                    top(module)
                )
            });
        let upward = imports.all().filter(|import| self.is_upward(import));
        let upward = upward.map(|import| {
            let paths: Vec<&str> = import.paths.iter().map(String::as_str).collect();
            format!(
                "{}: `{}` imports the later layer `{}` ({})",
                self.package,
                import.from,
                import.to,
                paths.join(", ")
            )
        });
        let mut found: Vec<String> = without_place.chain(upward).collect();
        found.dedup();
        found
    }

    fn is_upward(&self, import: &Import<'_>) -> bool {
        self.rank(import.from) < self.rank(import.to)
    }

    /// The position of the layer of a module; the root of the crate is above all layers.
    fn rank(&self, module: &str) -> Option<usize> {
        let name = top(module);
        if name == "crate" || self.above.contains(&name) {
            return Some(self.layers.len());
        }
        self.layers.iter().position(|layer| *layer == name)
    }
}

/// The top-level module that contains a module.
fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Order = Order {
        package: "tt-metrics",
        layers: &["metric", "count", "flush"],
        above: &["private"],
    };

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let root = ("lib.rs", "mod metric; mod count; mod flush; mod private;");
        let files: Vec<File> = [root, ("private.rs", "pub use crate::flush::Flusher;")]
            .iter()
            .chain(files)
            .map(|(path, text)| File::new(&format!("tt-metrics/src/{path}"), text))
            .collect();
        ORDER.violations(&production_crates(&files))
    }

    const METRIC: (&str, &str) = ("metric.rs", "pub struct Name;");

    #[test]
    fn imports_of_earlier_layers_are_allowed() {
        let found = complaints(&[
            METRIC,
            ("count.rs", "use crate::metric::Name; pub struct Cell;"),
            (
                "flush.rs",
                "use crate::{count::Cell, metric}; pub struct Flusher(metric::Name);",
            ),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_import_of_a_later_layer_is_found() {
        let found = complaints(&[
            METRIC,
            ("count.rs", "mod cell;"),
            ("count/cell.rs", "fn f() { crate::flush::Flusher::new(); }"),
            ("flush.rs", "pub struct Flusher;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`count::cell` imports the later layer `flush`"));
    }

    #[test]
    fn an_item_of_the_root_or_of_a_facade_is_above_all_layers() {
        let root = ("lib.rs", "mod metric; pub struct Root; mod private;");
        let files = [
            root,
            ("metric.rs", "use crate::Root;"),
            ("private.rs", "pub struct P;"),
        ];
        let files = files.map(|(path, text)| File::new(&format!("tt-metrics/src/{path}"), text));
        assert_eq!(ORDER.violations(&production_crates(&files)).len(), 1);
    }

    #[test]
    fn a_module_without_a_place_is_found() {
        let files = ["lib.rs", "other.rs"];
        let files = files.map(|path| File::new(&format!("tt-metrics/src/{path}"), "mod other;"));
        let found = ORDER.violations(&production_crates(&files[..1]));
        assert!(found[0].contains("`other` has no place"), "{found:?}");
    }
}
