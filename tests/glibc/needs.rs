//! Reads the version of glibc that an executable requires.

use object::{
    elf::FileHeader64,
    read::{
        self,
        elf::{ElfFile64, FileHeader},
    },
};

/// Major and minor version, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

impl Version {
    /// Reads `GLIBC_2.34` and `GLIBC_2.2.5`; `GLIBC_PRIVATE` has no number.
    fn parse(name: &[u8]) -> Option<Self> {
        let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        Some(Self(numbers.next()??, numbers.next()??))
    }
}

/// The newest version of glibc that a symbol requires, from the section `.gnu.version_r`; `None` without such a symbol.
pub(crate) fn newest_glibc(executable: &[u8]) -> read::Result<Option<Version>> {
    let file = ElfFile64::<object::Endianness>::parse(executable)?;
    let endian = file.endian();
    let header: &FileHeader64<_> = file.elf_header();
    let sections = header.sections(endian, executable)?;
    let Some((libraries, names)) = sections.gnu_verneed(endian, executable)? else {
        return Ok(None);
    };
    let names = sections.strings(endian, executable, names)?;
    let mut newest = None;
    for library in libraries {
        let (_, needs) = library?;
        for need in needs {
            newest = newest.max(Version::parse(need?.name(endian, names)?));
        }
    }
    Ok(newest)
}

#[test]
fn versions_are_ordered_by_number() {
    let parse = |name: &str| Version::parse(name.as_bytes());
    assert!(parse("GLIBC_2.4") < parse("GLIBC_2.34"));
    assert!(parse("GLIBC_2.2.5") < parse("GLIBC_2.3"));
    assert_eq!(parse("GLIBC_PRIVATE"), None);
    assert_eq!(parse("GCC_4.2.0"), None);
}

#[test]
fn a_newer_requirement_is_found() {
    let mut executable = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let Version(major, minor) = newest_glibc(&executable).unwrap().expect("tests use glibc");
    assert!(minor > 9, "glibc {major}.{minor}");
    let (old, new) = (
        format!("GLIBC_{major}.{minor}\0"),
        format!("GLIBC_{major}.99\0"),
    );
    let at: Vec<usize> = executable
        .windows(old.len())
        .enumerate()
        .filter_map(|(at, window)| (window == old.as_bytes()).then_some(at))
        .collect();
    for at in at {
        executable[at..at + new.len()].copy_from_slice(new.as_bytes());
    }
    assert_eq!(newest_glibc(&executable).unwrap(), Some(Version(major, 99)));
}
