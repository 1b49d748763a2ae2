//! Texts that nobody wrote on purpose.

use backhaul_config::Source;
use proptest::prelude::*;

use super::read;

const GOOD: &str = r#"[daemon]
listen = "127.0.0.1:9494"
[account.cn]
provider = "huaweicloud"
region = "cn-north-4"
credentials = { pass = "S3CRET", user = { env = "U" } }
endpoint = { rds = "https://rds.example.com" }
[account.two.credentials]
pass = """
S3CRET"""
word = "S3CRET"
[defaults]
schedule = "15 3 * * *"
retention = { daily = 3 }
[[job]]
name = "a"
account = "cn"
service = "rds"
directory = "/srv"
"#;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        if let Err(problems) = read(&text) {
            prop_assert!(problems.iter().count() > 0);
        }
    }

    #[test]
    fn anything_that_looks_like_a_file_is_read_or_refused(
        text in "((\\[{1,2}(job|daemon|account\\.[a-z]|defaults)\\]{1,2}|[a-z_]{1,9} ?= ?(\"[^\"]{0,9}\"|[0-9.:-]{1,9}|\\{\\}|\\[3\\]|true)|é\t#)\r?\n){0,12}"
    ) {
        if let Err(problems) = read(&text) {
            for problem in &problems {
                prop_assert!(problem.line >= 1 && problem.column >= 1);
                prop_assert!(problem.span.end <= text.len());
            }
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    /// A slip of the keyboard anywhere must not bring a secret to light.
    #[test]
    fn a_damaged_file_does_not_betray_its_secrets(
        at in 0..GOOD.len(),
        removed in 0usize..3,
        inserted in "[\\PC\n]{0,2}",
    ) {
        let end = (at + removed).min(GOOD.len());
        // Damage inside the word itself would only hide it from this test.
        prop_assume!(!GOOD[..end].ends_with("S3CRE") && !inserted.contains("S3"));
        let text = format!("{}{inserted}{}", &GOOD[..at], &GOOD[end..]);
        if let Err(problems) = read(&text) {
            let shown = problems.to_string();
            prop_assert!(!shown.contains("S3CRET"), "{}", shown);
            let debug = format!("{problems:?}");
            prop_assert!(!debug.contains("S3CRET"), "{}", debug);
        }
    }
}

#[test]
fn a_configuration_does_not_show_its_text() {
    let text = "# S3CRET\n[daemon]\n".to_owned();
    let path = "/b.toml".into();
    let config = backhaul_config::parse(&[Source { path, text }]).unwrap();
    assert!(!format!("{config:?}").contains("S3CRET"));
}

#[test]
fn a_very_long_line_is_cut_around_the_mistake() {
    let text = format!("[defaults]\ninstances = [{}3]", "\"a\", ".repeat(50_000));
    let problems = read(&text).unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert!(problem.excerpt().chars().count() < 200);
    let marked: String = problem
        .excerpt()
        .chars()
        .skip(problem.marked().start)
        .take(1)
        .collect();
    assert_eq!(marked, "3");
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let text = format!(
        "[defaults]\noptions = {{ a = {}{} }}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert!(read(&text).is_err());
}
