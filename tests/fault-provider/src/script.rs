//! The scripted vendor: what a healthy provider would answer, taken from the options.

use std::collections::HashMap;

use backhaul_provider_api::{
    Backup, Completeness, Cursor, Error, ErrorClass, ListPage, ListRequest, Next, PrepareToken,
    Prepared, ResolvedPage, Seconds,
};

use crate::options::{Entry, Options, Preparation};

/// What the vendor remembers within a session.
#[derive(Default)]
pub struct Script {
    polls: HashMap<String, u32>,
}

impl Script {
    /// One page of the listing. The cursor is the number of backups already listed.
    pub fn list(&self, options: &Options, request: &ListRequest) -> Result<ListPage, Error> {
        let start: usize = match &request.cursor {
            None => 0,
            Some(cursor) => cursor
                .as_str()
                .parse()
                .map_err(|_| Error::permanent("a cursor of somebody else"))?,
        };
        let wanted = |entry: &&Entry| {
            let of_instance = entry.instance.as_deref();
            of_instance.is_none_or(|id| id == request.instance.id.as_str())
                && request.kinds.contains(&entry.backup.kind)
        };
        let all: Vec<&Entry> = options.backups.iter().filter(wanted).collect();
        let end = all.len().min(start + options.page_size.max(1));
        let backups = all
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.backup.clone())
            .collect();
        let count = all.len() as u64;
        let next = if end < all.len() {
            Next::More(Cursor::new(end.to_string()))
        } else if options.incomplete {
            Next::End(Completeness::incomplete(count, "the vendor hid some"))
        } else {
            Next::End(Completeness::within(request.window, count))
        };
        Ok(ListPage {
            backups,
            passed_over: Vec::new(),
            next,
        })
    }

    /// Begins a preparation.
    pub fn prepare(&self, options: &Options, backup: &Backup) -> Result<Prepared, Error> {
        match options.prepare {
            Preparation::Ready => Ok(Prepared::Ready),
            Preparation::Pending | Preparation::Never => Ok(pending(PrepareToken::new(format!(
                "prepare-{}",
                backup.key
            )))),
            Preparation::NeedsConsent => Err(Error::new(
                ErrorClass::NeedsConsent {
                    cost: "one coin per backup".to_owned(),
                    setting: "options.allow_cost".to_owned(),
                },
                "preparing a backup costs money",
            )),
        }
    }

    /// Asks how it stands.
    pub fn poll(&mut self, options: &Options, token: &PrepareToken) -> Result<Prepared, Error> {
        let polls = self.polls.entry(token.as_str().to_owned()).or_default();
        *polls += 1;
        if *polls >= 2 && !matches!(options.prepare, Preparation::Never) {
            return Ok(Prepared::Ready);
        }
        Ok(pending(token.clone()))
    }

    /// The backup's files.
    pub fn resolve(&self, options: &Options, backup: &Backup) -> Result<ResolvedPage, Error> {
        let entry = options
            .backups
            .iter()
            .find(|entry| entry.backup.key == backup.key);
        let entry = entry.ok_or_else(|| Error::gone("the vendor has dropped this backup"))?;
        Ok(ResolvedPage::last(entry.files.clone()))
    }
}

fn pending(token: PrepareToken) -> Prepared {
    Prepared::Pending {
        token,
        poll_after: Seconds(1),
        poll_within: None,
        deadline: None,
    }
}
