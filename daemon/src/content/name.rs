//! What a file's name promises of its content.

use super::format::Format;

/// What is wrong when a file of this name is of this format; nothing when they agree or the name
/// promises nothing.
pub(super) fn contradiction(name: &str, found: Format) -> Option<String> {
    use Format::{Gzip, Lz4, PgDump, Qpress, Rdb, SqlServer, Tar, Text, Xbstream, Zip, Zstd};
    const EXPECTED: &[(&str, &[Format])] = &[
        (".gz", &[Gzip]),
        (".tgz", &[Gzip]),
        (".zst", &[Zstd]),
        (".lz4", &[Lz4]),
        (".tar", &[Tar]),
        (".zip", &[Zip]),
        (".xb", &[Xbstream]),
        (".xbstream", &[Xbstream]),
        (".qp", &[Xbstream, Qpress]),
        (".dump", &[PgDump, Text]),
        (".rdb", &[Rdb]),
        (".bak", &[SqlServer, Zip, Gzip, Lz4, Zstd]),
        (".sql", &[Text]),
    ];
    let name = name.to_ascii_lowercase();
    let (ending, formats) = EXPECTED.iter().find(|(ending, _)| name.ends_with(ending))?;
    (!formats.contains(&found)).then(|| match found {
        Format::Unknown => format!("its name ends in {ending}, but it does not begin like one"),
        found => format!("its name ends in {ending}, but it begins like {found}"),
    })
}

/// The name of what is inside a file compressed by gzip.
pub(super) fn without_gzip(name: &str) -> String {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    match name.rsplit_once('.') {
        Some((stem, _)) if ends(".gz") => stem.to_owned(),
        Some((stem, _)) if ends(".tgz") => format!("{stem}.tar"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_lies_is_found_and_one_without_ending_promises_nothing() {
        assert_eq!(contradiction("a.tar.gz", Format::Gzip), None);
        assert_eq!(contradiction("a.xxx", Format::Unknown), None);
        assert!(contradiction("a.QP", Format::Gzip).is_some());
        assert!(contradiction("a.gz", Format::Unknown).is_some());
    }

    #[test]
    fn names_lose_the_ending_of_their_compression() {
        assert_eq!(without_gzip("base.tar.gz"), "base.tar");
        assert_eq!(without_gzip("base.tgz"), "base.tar");
        assert_eq!(without_gzip("base.qp"), "");
    }
}
