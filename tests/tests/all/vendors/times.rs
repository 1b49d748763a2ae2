//! Times without a zone become instants, and the manifest says when the zone was assumed.

use super::*;

const ZONELESS: [&str; 5] = ["postgres", "mysql", "mysql-v2", "co-mysql", "co-redis"];

#[test]
fn times_without_a_zone_are_instants_by_assumption_or_by_what_is_told() {
    // Hours ahead of UTC, the option that tells them, and whether that is an assumption.
    for (hours, option, assumed) in [
        (8, "", true),
        (-5, "options = { timezone = \"-05:00\" }\n", false),
    ] {
        let site = site(&[]);
        let jobs: String = ZONELESS.iter().map(|job| job_table(job) + option).collect();
        configure(&site, &jobs);
        site.tencent()
            .set(|switches| switches.utc_offset_hours = hours);
        site.capitalonline()
            .set(|switches| switches.utc_offset_hours = hours);
        add_backups(&site, 1, 7);
        sync(&site);
        for job in ZONELESS {
            let found = manifests(&site, job);
            assert_eq!(found.len() as u64, in_a_round(job));
            for manifest in found {
                let backup = &manifest["backup"];
                assert_eq!(backup["zone_assumed"] == true, assumed, "{manifest:#}");
                // Slow logs have a day only, binlogs of API 2.0 the end alone.
                if backup["kind"] == "full" {
                    let started: DateTime<Utc> =
                        backup["started_at"].as_str().unwrap().parse().unwrap();
                    let off = (started - ago(7)).num_minutes().abs();
                    assert!(off <= 5, "{manifest:#}");
                }
            }
        }
    }
}
