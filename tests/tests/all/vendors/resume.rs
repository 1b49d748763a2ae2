//! Downloads whose link ends in the middle, with every vendor's own way to a new one.

use backhaul_tests::cloud::{Fault, ObjectFault};

use super::*;

const LONG: u64 = 1 << 20;
const CUT: u64 = 400_000;
const JOBS_WITH_LINKS: [&str; 5] = ["postgres", "mysql", "mysql-v2", "co-mysql", "co-redis"];

/// A site where each of the jobs has one full backup of a large file.
fn large(jobs: &[&str]) -> Site {
    let site = site(jobs);
    let file = |number| ObjectSpec::new(format!("{number}.bin"), Content::generated(number, LONG));
    let mut base = pg_base(1, 5);
    base.file = file(1);
    site.tencent().add_postgres_backup(base);
    let mut data = cdb_data(2, 5);
    data.file = file(2);
    site.tencent().add_mysql_backup(data);
    for (number, instance) in [(3, CO_MYSQL), (4, CO_REDIS)] {
        let mut backup = co_backup(number, instance, 5);
        backup.file = file(number);
        site.capitalonline().add_backup(backup);
    }
    site
}

fn number(job: &str) -> u64 {
    match job {
        "postgres" => 1,
        "mysql" | "mysql-v2" => 2,
        "co-mysql" => 3,
        _ => 4,
    }
}

fn inject(site: &Site, job: &str, fault: ObjectFault) {
    let fault = Fault::object(fault).on(format!("{}.bin", number(job)));
    let _ = match job {
        "co-mysql" | "co-redis" => site.capitalonline().inject(fault),
        _ => site.tencent().inject(fault),
    };
}

fn ranges(site: &Site, job: &str) -> Vec<Option<String>> {
    let name = format!("{}.bin", number(job));
    let traffic = match job {
        "co-mysql" | "co-redis" => site.capitalonline().traffic(),
        _ => site.tencent().traffic(),
    };
    traffic.object(&name).ranges
}

#[test]
fn a_link_that_ends_in_mid_file_is_renewed_and_the_file_goes_on() {
    for job in JOBS_WITH_LINKS {
        let site = large(&[job]);
        inject(&site, job, ObjectFault::ExpireLinkAfter(CUT));
        sync(&site);
        let right = Content::generated(number(job), LONG).sha256_hex().unwrap();
        assert_eq!(digests(&manifests(&site, job)), [right.as_str()], "{job}");
        // The second reading of a signature that the vendor refuses would be another request.
        let resumed = Some(format!("bytes={CUT}-"));
        assert_eq!(ranges(&site, job), [None, resumed], "{job}");
    }
}

#[test]
fn an_object_that_changed_meanwhile_is_fetched_anew_even_where_if_range_is_ignored() {
    for (job, if_range) in [("postgres", false), ("postgres", true), ("co-mysql", true)] {
        let site = large(&[job]);
        site.tencent()
            .set(|switches| switches.cos.if_range = if_range);
        inject(&site, job, ObjectFault::ObjectChangesAfter(CUT));
        sync(&site);
        // What an object contains after it has changed for the first time.
        let changed = Content::generated((1 << 63) + 1, LONG);
        let right = changed.sha256_hex().unwrap();
        assert_eq!(digests(&manifests(&site, job)), [right.as_str()], "{job}");
    }
}
