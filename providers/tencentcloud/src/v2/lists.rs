//! The lists of one session, kept for as long as they are of use.
//!
//! `GetCdbExportLogUrl` answers with a whole list and with the links of all its entries. The daemon
//! takes a long one in pages, and then asks for the links one by one; asking the vendor for the
//! whole list each time would take a day for a month of binlogs.

use std::collections::HashMap;

use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::{BackupKey, Kind, Timestamp};

use super::entry::Entry;
use super::links::Offer;

/// How long the links of a list are given out. They live twelve hours.
const FRESH_MINUTES: i64 = 60;

/// How many offers are kept; some 40 MiB. The oldest lists go first, and are asked for again.
const OFFERS_MAX: usize = 100_000;

/// The lists of one session.
#[derive(Debug, Default)]
pub(super) struct Lists {
    offers: HashMap<(String, Kind), Offers>,
}

/// The offers of one list.
#[derive(Debug)]
pub(super) struct Offers {
    /// When the vendor gave them.
    pub(super) at: Timestamp,
    by_key: HashMap<BackupKey, Offer>,
}

impl Offers {
    /// The offer of a whole backup or log.
    pub(super) fn get(&self, key: &BackupKey) -> Option<&Offer> {
        self.by_key.get(key)
    }
}

impl Lists {
    /// Keeps what a list offers, in place of what an earlier one did.
    pub(super) fn keep(&mut self, instance: &str, kind: Kind, at: Timestamp, entries: &[Entry]) {
        let by_key = entries
            .iter()
            .map(|entry| (entry.identity.key(), entry.offer.clone()))
            .collect();
        let of = (instance.to_owned(), kind);
        self.offers.insert(of, Offers { at, by_key });
        while self.offers.len() > 1 && self.count() > OFFERS_MAX {
            let oldest = self.offers.iter().min_by_key(|(_, offers)| offers.at);
            let Some(oldest) = oldest.map(|(of, _)| of.clone()) else {
                return;
            };
            self.offers.remove(&oldest);
        }
    }

    /// The offers of a list that is recent enough for its links to be given out.
    pub(super) fn fresh(&self, instance: &str, kind: Kind, now: Timestamp) -> Option<&Offers> {
        self.offers
            .get(&(instance.to_owned(), kind))
            .filter(|offers| now - offers.at < Duration::minutes(FRESH_MINUTES))
    }

    fn count(&self) -> usize {
        self.offers.values().map(|offers| offers.by_key.len()).sum()
    }
}

#[cfg(test)]
mod tests;
