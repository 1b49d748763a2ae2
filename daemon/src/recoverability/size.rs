//! Is the newest full backup much smaller than those before it?

use std::collections::BTreeMap;

use backhaul_provider_api::Kind;

use super::Finding;
use crate::catalog::BackupRecord;

/// With how many before it the newest is compared.
const COMPARED: usize = 10;
/// With fewer nothing is usual yet.
const COMPARED_LEAST: usize = 3;

/// The newest full backup of each series of an instance that has less than half of the usual
/// length. Only verified backups are looked at; increments and logs vary by nature. What is usual
/// follows a database that truly shrank: after five small backups they are.
pub fn shrunk<'a>(records: impl IntoIterator<Item = &'a BackupRecord>) -> Vec<Finding> {
    let mut series: BTreeMap<(&str, Option<&str>), Vec<&BackupRecord>> = BTreeMap::new();
    for record in records {
        // The members of a group are shards, of different lengths by nature.
        if record.kind == Kind::Full && record.verification.counts() && record.group.is_none() {
            let key = (record.series.as_str(), record.node.as_deref());
            series.entry(key).or_default().push(record);
        }
    }
    series.into_values().filter_map(newest_is_small).collect()
}

fn newest_is_small(mut records: Vec<&BackupRecord>) -> Option<Finding> {
    records.sort_unstable_by_key(|record| std::cmp::Reverse(record.started_at));
    let (newest, before) = records.split_first()?;
    let mut sizes: Vec<_> = before
        .iter()
        .take(COMPARED)
        .map(|record| record.size_bytes)
        .collect();
    if sizes.len() < COMPARED_LEAST {
        return None;
    }
    sizes.sort_unstable();
    let usual = sizes[(sizes.len() - 1) / 2];
    (newest.size_bytes < usual / 2).then(|| Finding::Shrunk {
        id: newest.id.clone(),
        started_at: newest.started_at,
        size_bytes: newest.size_bytes,
        usual_bytes: usual,
    })
}
