//! Large configurations.

use std::fmt::Write;

use backhaul_config::Config;

use super::read;

/// That many jobs, each with most of the keys.
fn jobs(count: usize) -> String {
    let mut text =
        String::from("[account.cn]\nprovider = \"huaweicloud\"\nregion = \"cn-north-4\"\n");
    for n in 0..count {
        writeln!(
            text,
            "[[job]]\nname = \"job-{n}\"\naccount = \"cn\"\nservice = \"rds\"\n\
             instances = [\"orders-{n}-*\", \"a48e43ff268f4c0e879652d65e63d0fbin01\"]\n\
             kinds = [\"full\", \"log\"]\nschedule = \"{} {} * * *\"\ntimezone = \"Asia/Shanghai\"\n\
             directory = \"/srv/backups/{n}\"\nmax_age = \"26h\"\n\
             retention = {{ keep_last = 3, daily = 14, weekly = 8, monthly = 12, min_good = 2 }}",
            n % 60,
            n % 24,
        )
        .unwrap();
    }
    text
}

#[test]
fn one_changed_job_of_ten_thousand_is_the_whole_difference() {
    let text = jobs(10_000);
    let old = read(&text).unwrap();
    // A comment moves everything, and one job gets another directory.
    let new = format!(
        "# moved\n{}",
        text.replace("\"/srv/backups/7777\"", "\"/elsewhere\"")
    );
    let new = read(&new).unwrap();
    let diff = Config::diff(&old, &new);
    assert_eq!(
        diff.to_string(),
        "job job-7777: directory: /srv/backups/7777 → /elsewhere"
    );
    assert!(Config::diff(&old, &old).is_empty());
}

#[test]
fn ten_thousand_mistakes_are_all_found() {
    let text = jobs(10_000).replace("max_age", "max_aeg");
    let problems = read(&text).unwrap_err();
    assert_eq!(problems.iter().count(), 10_000);
    let last = problems.iter().last().unwrap();
    assert_eq!((last.line, last.column), (3 + 9_999 * 11 + 10, 1));
}
