//! One entry of the vendor's list of backups and logs.

use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Backup, Kind, Method, Network, Origin, Quality, State, Timestamp};
use backhaul_provider_kit::record::{self, Record};
use sha2::{Digest, Sha256};

use super::choice::mark;
use super::key::{Identity, Type, read_date};
use super::links::Offer;
use super::options::Options;

/// An entry that could be understood.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The identity of the whole, whatever the job chooses of it.
    pub(super) identity: Identity,
    /// What the vendor offers.
    pub(super) offer: Offer,
    at: Timestamp,
    record: Value,
}

impl Entry {
    /// Reads an entry of a list of that kind; the error says which field cannot be understood.
    pub(super) fn read(entry: &Value, asked: Kind, options: &Options) -> Result<Self, String> {
        let record = Record::of(entry).ok_or("the entry is not an object")?;
        let word = record.text("type").ok_or("the field `type` is missing")?;
        let of = Type::read(word).ok_or_else(|| {
            let word = record::beginning(word);
            format!("the field `type` has the unknown value {word:?}")
        })?;
        if of.kind() != asked {
            let kind = of.kind();
            return Err(format!("the field `type` says that it is of kind {kind}"));
        }
        let date = record.text("date").ok_or("the field `date` is missing")?;
        let (at, time) = options
            .times()
            .zone
            .parse(date)
            .zip(read_date(date))
            .ok_or_else(|| {
                let date = record::beginning(date);
                format!("the field `date` is not a time: {date:?}")
            })?;
        let offer = Offer::read(&record);
        if offer.name.is_empty() {
            return Err("the field `file_name` is missing".to_owned());
        }
        let mark = (asked != Kind::Full).then(|| mark(&Sha256::digest(&offer.name)));
        Ok(Self {
            identity: Identity { of, time, mark },
            offer,
            at,
            record: kept(entry),
        })
    }

    /// The instant of the snapshot.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// The backup that the job gets of it.
    pub(super) fn backup(self, options: &Options, network: Network) -> Backup {
        let kind = self.identity.of.kind();
        let choice = options.databases.as_ref().filter(|_| kind == Kind::Full);
        let mut identity = self.identity;
        let mut vendor = self.record;
        if let Some(choice) = choice {
            identity.mark = Some(choice.mark());
            vendor["dbTableList"] = choice.record();
        }
        // Of a choice, the addresses are known only after asking for them.
        let state = match self.offer.address(network) {
            Err(reason) if choice.is_none() => State::NotDownloadable {
                reason: reason.to_owned(),
            },
            _ => State::Available,
        };
        let quality = if choice.is_some() {
            Quality::Other
        } else {
            Quality::Exact
        };
        let method = match identity.of {
            // How the vendor takes tables out of a physical backup is not documented.
            Type::Xtrabackup if choice.is_some() => Method::Unknown,
            of => of.method(),
        };
        Backup {
            key: identity.key(),
            handle: None,
            size: self.offer.size(quality),
            name: self.offer.name,
            kind,
            method,
            origin: Origin::Unknown,
            state,
            started_at: self.at,
            finished_at: None,
            consistent_at: (kind == Kind::Full).then_some(self.at),
            zone_assumed: options.times().assumed,
            log_span: None,
            node: None,
            group: None,
            chain: None,
            engine: Some("MySQL".to_owned()),
            // The vendor tells today's version only.
            engine_version: None,
            databases: choice.map(|choice| choice.databases()).unwrap_or_default(),
            encryption: None,
            expires_at: None,
            vendor,
        }
    }
}

/// The entry as the manifest keeps it: without addresses, even broken ones.
fn kept(entry: &Value) -> Value {
    let mut kept = record::without_links(entry);
    if let Value::Object(fields) = &mut kept {
        fields.retain(|name, _| !name.trim().ends_with("_url"));
        return kept;
    }
    json!({})
}

/// What an entry is called that could not be understood.
pub(super) fn what(entry: &Value) -> String {
    let record = Record::of(entry);
    let text = record.and_then(|record| record.text("file_name").or(record.text("date")));
    text.map_or_else(
        || "an entry without name and date".to_owned(),
        record::beginning,
    )
}

#[cfg(test)]
mod tests;
