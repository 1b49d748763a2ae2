use super::*;
use crate::{Source, parse};

const OLD: &str = r#"
[daemon]
bandwidth = "200MiB/s"

[account.cn]
provider = "huaweicloud"
credentials = { access_key = { env = "AK" }, secret_key = { command = ["pass", "one"] } }

[account.other]
provider = "huaweicloud"

[[job]]
name = "orders"
account = "cn"
service = "rds"
directory = "/srv/orders"
retention = { daily = 7 }

[[job]]
name = "users"
account = "other"
service = "rds"
directory = "/srv/users"
"#;

fn config(text: &str) -> Config {
    let path = "/etc/backhaul/backhaul.toml".into();
    let text = text.to_owned();
    parse(&[Source { path, text }]).unwrap()
}

fn diff(changes: &[(&str, &str)]) -> Diff {
    let mut new = OLD.to_owned();
    for (from, to) in changes {
        assert!(new.contains(from), "{from}");
        new = new.replacen(from, to, 1);
    }
    Config::diff(&config(OLD), &config(&new))
}

#[test]
fn the_same_meaning_is_no_difference() {
    let same = diff(&[
        ("[daemon]", "# a comment\n[daemon]"),
        (
            "\"/srv/users\"",
            "\"/srv/./users/\"\nkinds = [\"full\"]\ntimezone = \"UTC\"",
        ),
    ]);
    assert!(same.is_empty(), "{same}");
    assert_eq!(same.to_string(), "nothing changes");
}

#[test]
fn every_changed_key_is_one_line() {
    let diff = diff(&[
        ("bandwidth = \"200MiB/s\"", "max_downloads = 8"),
        (
            "directory = \"/srv/orders\"",
            "directory = \"/srv/o\"\nmax_age = \"26h\"\nverify_within = \"90d\"\noptions = { a = 1 }",
        ),
        ("{ daily = 7 }", "{ daily = 9, within = \"30d\" }"),
    ]);
    assert_eq!(
        diff.to_string(),
        "daemon: bandwidth unset, was 200MiB/s\n\
         daemon: max_downloads: 4 → 8\n\
         job orders: directory: /srv/orders → /srv/o\n\
         job orders: max_age set: 26h\n\
         job orders: options.a set: 1\n\
         job orders: retention: { daily = 7, min_good = 1, quarantine = \"7d\" } → \
         { daily = 9, within = \"30d\", min_good = 1, quarantine = \"7d\" }\n\
         job orders: verify_within set: 90d"
    );
}

#[test]
fn a_job_changes_with_its_account_and_no_secret_shows() {
    let diff = diff(&[
        ("[\"pass\", \"one\"]", "[\"pass\", \"two\"]"),
        ("\"AK\"", "\"AK2\""),
    ]);
    assert_eq!(
        diff.to_string(),
        "account cn: credentials.access_key: environment variable AK → environment variable AK2\n\
         account cn: credentials.secret_key changed\n\
         job orders: account: `cn` as it was → `cn` as it is now"
    );
    assert_eq!(diff.jobs.changed.len(), 1);
}

#[test]
fn what_comes_and_goes_is_named() {
    let diff = diff(&[
        ("name = \"users\"", "name = \"people\""),
        ("account.other", "account.more"),
        ("\"other\"", "\"more\""),
    ]);
    assert_eq!(
        diff.to_string(),
        "account more: added\naccount other: removed\njob people: added\njob users: removed"
    );
    let all = Config::diff(&Config::default(), &config(OLD));
    assert_eq!((all.accounts.added.len(), all.jobs.added.len()), (2, 2));
}
