//! The files of a backup with fresh links, from the list or from a partial export.

use std::collections::HashSet;

use backhaul_provider_api::{
    BackupKey, Error, File, Host, Kind, Quality, ResolveReason, ResolveRequest, ResolvedPage,
    Timestamp,
};

use super::Session;
use super::key::Identity;
use super::links::{Making, Offer};
use super::{backups, export};

/// The backups that were seen to hold all that the job chooses.
#[derive(Debug, Default)]
pub(super) struct Checked(HashSet<(String, BackupKey)>);

/// What the vendor offers of one backup.
struct Offered {
    offers: Vec<Offer>,
    at: Timestamp,
    quality: Quality,
}

/// The files of a backup; there is only one page.
pub(super) fn resolve(
    session: &mut Session,
    host: &dyn Host,
    request: &ResolveRequest,
) -> Result<ResolvedPage, Error> {
    let instance = request.instance.id.as_str();
    let key = &request.backup.key;
    let identity = Identity::read(key)
        .ok_or_else(|| Error::permanent(format!("{key} is no key of a backup of this service")))?;
    let offered = if identity.of.kind() == Kind::Full && session.options.databases.is_some() {
        exported(session, host, instance, &identity)?
    } else {
        listed(session, host, instance, &identity, request.reason)?
    };
    // Chosen last: a reading counts as tried only when a link with it was given out.
    let reading = session.readings.next(instance, key, request.reason);
    let making = Making {
        credentials: session.client.credentials(),
        network: request.network,
        reading,
        issued: offered.at,
        quality: offered.quality,
    };
    let files: Result<Vec<File>, Error> = offered
        .offers
        .iter()
        .map(|offer| {
            offer.file(&making).map_err(|mut error| {
                error.message = format!(
                    "cannot get the link of backup {key} of instance {instance}: {}",
                    error.message
                );
                error
            })
        })
        .collect();
    files.map(ResolvedPage::last)
}

/// The chosen part, by an export of its own.
fn exported(
    session: &mut Session,
    host: &dyn Host,
    instance: &str,
    identity: &Identity,
) -> Result<Offered, Error> {
    let choice = session.options.databases.as_ref();
    let choice = choice
        .filter(|choice| identity.mark.as_ref() == Some(&choice.mark()))
        .ok_or_else(|| otherwise_chosen(identity))?;
    let of = (instance.to_owned(), identity.key());
    if !session.checked.0.contains(&of) {
        export::check(&mut session.client, host, instance, identity, choice)?;
        session.checked.0.insert(of);
    }
    let at = host.now();
    Ok(Offered {
        offers: export::ask(&mut session.client, host, instance, identity, choice)?,
        at,
        // Whether it is the size of the part or of the whole is not documented.
        quality: Quality::Other,
    })
}

/// The whole, from a list that is fresh enough, or else from a new one.
fn listed(
    session: &mut Session,
    host: &dyn Host,
    instance: &str,
    identity: &Identity,
    reason: ResolveReason,
) -> Result<Offered, Error> {
    let kind = identity.of.kind();
    if kind == Kind::Full && identity.mark.is_some() {
        return Err(otherwise_chosen(identity));
    }
    let key = identity.key();
    let kept = session
        .lists
        .fresh(instance, kind, host.now())
        .filter(|_| reason == ResolveReason::Start)
        .and_then(|offers| Some((offers.get(&key)?.clone(), offers.at)));
    let (offer, at) = match kept {
        Some(kept) => kept,
        None => {
            let listed = backups::ask(session, host, instance, kind)?;
            session
                .lists
                .keep(instance, kind, listed.at, &listed.entries);
            let entry = listed
                .entries
                .into_iter()
                .find(|entry| entry.identity.key() == key);
            let entry = entry.ok_or_else(|| {
                Error::gone(format!(
                    "backup {key} of instance {instance} is no longer in the vendor's list"
                ))
                .in_call(backups::LIST)
            })?;
            (entry.offer, listed.at)
        }
    };
    Ok(Offered {
        offers: vec![offer],
        at,
        quality: Quality::Exact,
    })
}

fn otherwise_chosen(identity: &Identity) -> Error {
    Error::permanent(format!(
        "backup {} was listed with another option `databases` than the job has now",
        identity.key()
    ))
}
