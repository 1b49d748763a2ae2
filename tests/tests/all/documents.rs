//! Documents that the program generates: the committed ones are what it prints today.

use std::fs;
use std::path::Path;

use backhaul_tests::harness::{Site, programs};

/// Above it a person writes, below it the program.
const MARK: &str = "<!-- backhaul providers list --markdown -->\n\n";

/// Set to anything, it writes the document anew.
const BLESS: &str = "BACKHAUL_BLESS";

#[test]
fn the_table_of_providers_is_what_the_libraries_say() {
    let site = Site::new();
    programs().install_vendors(&site.path("vendors"));
    site.write_config(&site.daemon_table().replace("\"providers\"", "\"vendors\""));
    let table = site
        .backhaul(["providers", "list", "--markdown"])
        .expect(0)
        .stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let document = fs::read_to_string(&path).unwrap();
    let (head, committed) = document.split_once(MARK).expect("the mark is there");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, format!("{head}{MARK}{table}")).unwrap();
    } else {
        assert_eq!(
            committed, table,
            "docs/providers.md is out of date; run this test with {BLESS}=1"
        );
    }
    // Every vendor has a page, and the document leads there.
    for line in table.lines().skip(2) {
        let provider = line.split('`').nth(1).unwrap();
        let page = format!("providers/{provider}.md");
        assert!(path.with_file_name(&page).exists(), "docs/{page}");
        assert!(head.contains(&format!("({page})")), "docs/{page}");
    }
}
