//! Listings read page by page, in constant memory, with an end in sight.
//!
//! A reader moves on only when a page has arrived, so that a failed page can be asked for again:
//! `policy.run(limits, cancel, async || pages.next().await)`.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use backhaul_provider_api::{
    Completeness, Cursor, File, Instance, InstancesPage, InstancesRequest, Kind, ListPage,
    ListRequest, Next, ResolveRequest, ResolvedPage, Window,
};

use super::error::{Problem, ProviderError};
use super::session::Session;

/// Where a listing stands.
#[derive(Debug, Default)]
struct Progress {
    cursor: Option<Cursor>,
    /// Hashes of the cursors seen: a cursor that comes back leads in a circle.
    seen: HashSet<u64>,
    ended: bool,
}

impl Progress {
    fn advance(&mut self, next: &Next) -> Result<(), Problem> {
        let Next::More(cursor) = next else {
            self.ended = true;
            return Ok(());
        };
        let mut hasher = DefaultHasher::new();
        cursor.as_str().hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return Err(Problem::Listing("goes in a circle: a cursor came back"));
        }
        if self.seen.len() >= PAGES_MAX {
            return Err(Problem::Listing("has more than 20000 pages"));
        }
        self.cursor = Some(cursor.clone());
        Ok(())
    }
}

/// More pages than any vendor's list has.
const PAGES_MAX: usize = 20_000;

/// Reads the pages of one instance's backups.
pub struct ListPages<'a> {
    session: &'a Session,
    request: ListRequest,
    progress: Progress,
}

/// Reads the pages of an account's instances.
pub struct InstancePages<'a> {
    session: &'a Session,
    request: InstancesRequest,
    progress: Progress,
}

/// Reads the pages of one backup's files.
pub struct FilePages<'a> {
    session: &'a Session,
    request: ResolveRequest,
    progress: Progress,
}

impl ListPages<'_> {
    /// The next page; `None` after the last, whose `next` holds the statement of completeness.
    ///
    /// # Errors
    /// The provider's failure, after which the same page can be asked for again; or a listing
    /// that never ends.
    pub async fn next(&mut self) -> Result<Option<ListPage>, ProviderError> {
        if self.progress.ended {
            return Ok(None);
        }
        self.request.cursor = self.progress.cursor.clone();
        let page = self.session.list(self.request.clone()).await?;
        let advanced = self.progress.advance(&page.next);
        advanced.map_err(|problem| self.session.broke_contract("list", problem))?;
        Ok(Some(page))
    }
}

impl InstancePages<'_> {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`ListPages::next`].
    pub async fn next(&mut self) -> Result<Option<InstancesPage>, ProviderError> {
        if self.progress.ended {
            return Ok(None);
        }
        self.request.cursor = self.progress.cursor.clone();
        let page = self.session.instances(self.request.clone()).await?;
        let advanced = self.progress.advance(&page.next);
        advanced.map_err(|problem| self.session.broke_contract("instances", problem))?;
        Ok(Some(page))
    }
}

impl FilePages<'_> {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`ListPages::next`].
    pub async fn next(&mut self) -> Result<Option<ResolvedPage>, ProviderError> {
        if self.progress.ended {
            return Ok(None);
        }
        self.request.cursor = self.progress.cursor.clone();
        let page = self.session.resolve(self.request.clone()).await?;
        let advanced = self.progress.advance(&page.next);
        advanced.map_err(|problem| self.session.broke_contract("resolve", problem))?;
        Ok(Some(page))
    }
}

impl Session {
    /// Reads an instance's backups page by page.
    pub fn list_pages(
        &self,
        instance: Instance,
        kinds: Vec<Kind>,
        window: Window,
    ) -> ListPages<'_> {
        ListPages {
            session: self,
            request: ListRequest {
                instance,
                kinds,
                window,
                cursor: None,
            },
            progress: Progress::default(),
        }
    }

    /// Reads the account's instances page by page. `wanted` is a hint; the caller filters.
    pub fn instance_pages(&self, wanted: Vec<String>) -> InstancePages<'_> {
        InstancePages {
            session: self,
            request: InstancesRequest {
                wanted,
                cursor: None,
            },
            progress: Progress::default(),
        }
    }

    /// Reads a backup's files page by page.
    pub fn file_pages(&self, request: ResolveRequest) -> FilePages<'_> {
        FilePages {
            session: self,
            request,
            progress: Progress::default(),
        }
    }

    /// All instances of the account, with the statement that ends their listing.
    ///
    /// # Errors
    /// As [`ListPages::next`].
    pub async fn all_instances(
        &self,
        wanted: Vec<String>,
    ) -> Result<(Vec<Instance>, Completeness), ProviderError> {
        let mut pages = self.instance_pages(wanted);
        let (mut all, mut end) = (Vec::new(), unfinished());
        while let Some(page) = pages.next().await? {
            all.extend(page.instances);
            if let Next::End(completeness) = page.next {
                end = completeness;
            }
        }
        Ok((all, end))
    }

    /// All files of a backup. A set that is not complete is not the backup.
    ///
    /// # Errors
    /// As [`ListPages::next`].
    pub async fn all_files(
        &self,
        request: ResolveRequest,
    ) -> Result<(Vec<File>, Completeness), ProviderError> {
        let mut pages = self.file_pages(request);
        let (mut all, mut end) = (Vec::new(), unfinished());
        while let Some(page) = pages.next().await? {
            all.extend(page.files);
            if let Next::End(completeness) = page.next {
                end = completeness;
            }
        }
        Ok((all, end))
    }
}

/// Replaced by the last page's statement.
fn unfinished() -> Completeness {
    Completeness::incomplete(0, "the listing did not end")
}
