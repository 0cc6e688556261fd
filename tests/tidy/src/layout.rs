//! Checks where files are: module style, deployable crates, and no test double in production code.

use crate::{
    modules::{PRODUCTION, production_crates},
    tree::File,
};

/// The names of test doubles and simulations, which belong into crates below `tests/` or `fuzz/`.
const DOUBLES: [&str; 7] = [
    "simulation",
    "simulated",
    "stand_in",
    "fake",
    "mock",
    "stub",
    "fuzz",
];

/// The simulation of endings is a test module, because it needs private items of the library.
const WITHIN_A_CRATE: &str = "tt-metrics/src/testing/endings/";

/// One line for each violation.
pub fn violations(files: &[File]) -> Vec<String> {
    let mut found: Vec<String> = files
        .iter()
        .filter(|file| file.extension() == "rs")
        .flat_map(of_source)
        .collect();
    found.extend(path_attributes(files));
    found.extend(of_functions(files));
    found
}

/// The modules of production code whose file is not the one that their name gives.
fn path_attributes(files: &[File]) -> Vec<String> {
    let crates = production_crates(files);
    let modules = crates.iter().flat_map(|found| &found.files);
    let has_attribute = |path: &&String| {
        let mut files = files.iter().filter(|file| file.path == **path);
        files.any(|file| {
            file.text()
                .unwrap_or_default()
                .contains(concat!("#[", "path"))
        })
    };
    modules
        .filter(has_attribute)
        .map(|path| format!("{path}: a module is not in the file that its name gives"))
        .collect()
}

fn of_source(file: &File) -> Vec<String> {
    let is_production = PRODUCTION
        .iter()
        .any(|folder| file.path.starts_with(folder));
    let Some((_, within)) = file.path.split_once("/src/").filter(|_| is_production) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if within == "mod.rs" || within.ends_with("/mod.rs") {
        found.push(format!("{}: write `name.rs` beside `name/`", file.path));
    }
    let names = within.split('/').map(|name| name.trim_end_matches(".rs"));
    let is_allowed = file.path.starts_with(WITHIN_A_CRATE);
    for name in names.filter(|name| is_double(name) && !is_allowed) {
        found.push(format!(
            "{}: `{name}` belongs into a crate below `tests/` or `fuzz/`",
            file.path
        ));
    }
    found
}

fn is_double(name: &str) -> bool {
    DOUBLES
        .iter()
        .any(|double| name == *double || name.starts_with(&format!("{double}_")))
}

/// Whether `functions/` contains the deployable crates, all of them, and nothing else.
fn of_functions(files: &[File]) -> Vec<String> {
    let template = files.iter().find(|file| file.path == "template.yaml");
    let template = template.and_then(File::text).unwrap_or_default();
    let deployed: Vec<&str> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Binary: "))
        .collect();
    let mut folders: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("functions/")?.split('/').next())
        .collect();
    folders.dedup();
    let has_main = |folder: &str| {
        let main = format!("functions/{folder}/src/main.rs");
        files.iter().any(|file| file.path == main)
    };
    let not_deployed = folders
        .iter()
        .filter(|folder| !deployed.contains(folder) || !has_main(folder))
        .map(|folder| format!("functions/{folder}: template.yaml does not deploy it; libraries belong below `crates/`"));
    let elsewhere = deployed
        .iter()
        .filter(|binary| !folders.contains(binary))
        .map(|binary| format!("template.yaml deploys `{binary}`, which is not below `functions/`"));
    not_deployed.chain(elsewhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        violations(&[File::new(path, text)])
    }

    #[test]
    fn the_other_module_style_is_found() {
        assert_eq!(complaints("cli/src/stack/mod.rs", "//! A.\n").len(), 1);
        assert_eq!(complaints("cli/src/stack.rs", "//! A.\n").len(), 0);
        assert_eq!(complaints("cli/tests/fake/mod.rs", "//! A.\n").len(), 0);
    }

    #[test]
    fn a_path_attribute_in_production_code_is_found() {
        let text = concat!("#[", "path = \"b.rs\"]\nmod a;\n");
        assert_eq!(complaints("crates/retry/src/lib.rs", text).len(), 1);
        assert_eq!(complaints("tests/template.rs", text).len(), 0);
        let model = concat!(
            "#[cfg(test)]\nmod tests {\n#[",
            "path = \"b.rs\"]\nmod a;\n}\n"
        );
        let root = "#[cfg(test)]\nmod model;\n";
        let files = [("lib.rs", root), ("model.rs", model)];
        let files = files.map(|(path, text)| File::new(&format!("crates/retry/src/{path}"), text));
        assert_eq!(violations(&files), Vec::<String>::new());
    }

    #[test]
    fn test_doubles_in_production_code_are_found() {
        let paths = [
            "functions/case-creation/src/simulation.rs",
            "functions/case-creation/src/simulation/stream.rs",
            "tt-metrics/src/sink/stand_in.rs",
            "crates/kinesis-consumer/src/fake_clock.rs",
        ];
        for path in paths {
            let found = complaints(path, "//! A.\n");
            assert!(
                found.iter().any(|text| text.contains("belongs into")),
                "{path}"
            );
        }
        let elsewhere = complaints("tests/salesforce/src/fake.rs", "//! A.\n");
        assert_eq!(elsewhere, Vec::<String>::new());
    }

    #[test]
    fn only_deployed_crates_are_functions() {
        let template = File::new("template.yaml", "        Binary: tt-producer\n");
        let main = File::new("functions/tt-producer/src/main.rs", "//! A.\n");
        let library = File::new("functions/tt-event/src/lib.rs", "//! A.\n");
        let good = [main.clone(), template.clone()];
        assert_eq!(violations(&good), Vec::<String>::new());
        assert_eq!(violations(&[library, main, template.clone()]).len(), 1);
        assert_eq!(violations(&[template]).len(), 1);
    }
}
