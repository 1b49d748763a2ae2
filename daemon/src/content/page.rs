//! Pages that pretend to be files.

use super::format::Format;

/// Longer than this no error page is.
const PAGE_MAX_BYTES: u64 = 1 << 20;

/// What kind of page pretends to be a file, if it is one. Backups that are text (a logical dump)
/// begin otherwise.
pub fn error_page(head: &[u8], length: u64, name: &str) -> Option<&'static str> {
    if length > PAGE_MAX_BYTES || Format::detect(head) != Format::Text {
        return None;
    }
    let start: String = String::from_utf8_lossy(head)
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return (!ends(".html")).then_some("an HTML page");
    }
    if start.starts_with("<?xml") || start.starts_with("<error>") {
        return (!ends(".xml")).then_some("an XML error page");
    }
    let json = start.starts_with('{') && (start.contains("\"error") || start.contains("\"code\""));
    (json && !ends(".json")).then_some("a JSON error message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_pages_are_no_backups() {
        let xml = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
        assert!(error_page(xml, 60, "a.qp").is_some());
        assert!(error_page(b"\n<HTML><body>", 13, "a.tar.gz").is_some());
        assert!(error_page(b"{\"error_code\":\"x\"}", 18, "a").is_some());
        assert!(error_page(b"-- PostgreSQL database dump", 27, "a.sql").is_none());
        assert!(error_page(b"\x1f\x8b\x08", 3, "a.gz").is_none());
    }
}
