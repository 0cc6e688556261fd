//! The Python modules that run in the process of ministack and change it.

use std::{fs, io, path::Path};

/// The name of the package.
const PACKAGE: &str = "local_aws";

/// Installs the modules and starts ministack. It runs in the directory that contains the package.
pub(super) const START: &str = include_str!("local_aws/start.py");

/// The modules by the names of their files.
const MODULES: [(&str, &str); 5] = [
    (
        "composite_alarms.py",
        include_str!("local_aws/composite_alarms.py"),
    ),
    ("guard.py", include_str!("local_aws/guard.py")),
    ("log_metrics.py", include_str!("local_aws/log_metrics.py")),
    (
        "metric_documents.py",
        include_str!("local_aws/metric_documents.py"),
    ),
    (
        "metric_math_alarms.py",
        include_str!("local_aws/metric_math_alarms.py"),
    ),
];

/// Writes the package to a directory, where Python finds it if it runs there.
pub(super) fn write(directory: &Path) -> io::Result<()> {
    let package = directory.join(PACKAGE);
    fs::create_dir_all(&package)?;
    for (name, text) in MODULES {
        fs::write(package.join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
