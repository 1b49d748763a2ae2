//! Links of one backup: resolved late, shared by its files, renewed once when they expire.

use backhaul_provider_api::{
    Backup, File, FileId, Instance, Link, Network, PrepareToken, ResolveReason, ResolveRequest,
};
use tokio::sync::Mutex;

use super::error::FetchError;
use crate::pass::vendor::Vendor;

/// The links of one backup.
pub struct Links<'a> {
    vendor: &'a Vendor,
    instance: &'a Instance,
    backup: &'a Backup,
    token: Option<PrepareToken>,
    network: Network,
    current: Mutex<Current>,
}

struct Current {
    generation: u64,
    files: Vec<File>,
}

/// A link that turned out to be of no use any more.
#[derive(Clone, Copy, Debug)]
pub struct Stale {
    /// Which links it was one of.
    pub generation: u64,
    /// Why it is of no use.
    pub reason: ResolveReason,
}

impl<'a> Links<'a> {
    /// Resolves a backup's files for the first time.
    ///
    /// # Errors
    /// When the provider cannot.
    pub async fn resolve(
        vendor: &'a Vendor,
        instance: &'a Instance,
        backup: &'a Backup,
        token: Option<PrepareToken>,
        network: Network,
    ) -> Result<Self, FetchError> {
        let links = Self {
            vendor,
            instance,
            backup,
            token,
            network,
            current: Mutex::new(Current {
                generation: 0,
                files: Vec::new(),
            }),
        };
        let files = links.ask(ResolveReason::Start).await?;
        links.current.lock().await.files = files;
        Ok(links)
    }

    /// The files as last resolved.
    pub async fn files(&self) -> Vec<File> {
        self.current.lock().await.files.clone()
    }

    /// A usable link to a file and the generation it belongs to. Expired links, and links of a
    /// generation reported stale, are renewed first, once for everybody who waits.
    ///
    /// # Errors
    /// When the provider cannot, or no longer names the file.
    pub async fn link(&self, id: &FileId, stale: Option<Stale>) -> Result<(u64, Link), FetchError> {
        let mut current = self.current.lock().await;
        let expired = current
            .files
            .iter()
            .find(|file| file.id == *id)
            .and_then(|file| file.link.expires_at)
            .is_some_and(|at| at <= self.vendor.now());
        let reason = match stale {
            Some(stale) if stale.generation == current.generation => Some(stale.reason),
            _ if expired => Some(ResolveReason::Expired),
            _ => None,
        };
        if let Some(reason) = reason {
            current.files = self.ask(reason).await?;
            current.generation += 1;
        }
        let link = current
            .files
            .iter()
            .find(|file| file.id == *id)
            .map(|file| file.link.clone());
        let link = link.ok_or_else(|| FetchError::NoSuchFile {
            file: id.to_string(),
        })?;
        Ok((current.generation, link))
    }

    async fn ask(&self, reason: ResolveReason) -> Result<Vec<File>, FetchError> {
        let request = ResolveRequest {
            instance: self.instance.clone(),
            backup: self.backup.clone(),
            token: self.token.clone(),
            lifetime: None,
            network: self.network,
            reason,
            cursor: None,
        };
        self.vendor.files(request).await
    }
}
