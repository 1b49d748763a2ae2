//! The instances that the keys of the bucket name.
//!
//! Where the pattern makes every instance a folder, the folders are asked for, and of each the
//! first objects, until one matches: a folder of something else is no instance. Where it does
//! not, every key is looked at. An instance that the job names exactly is only checked.

use std::collections::{BTreeSet, VecDeque};

use backhaul_provider_api::{
    Completeness, Cursor, Error, Host, Instance, InstanceId, InstancesPage, InstancesRequest, Next,
};

use crate::backups::below;
use crate::client::Client;
use crate::layout::Reading;
use crate::objects::{self, Marker, PAGE, Page, Wanted};
use crate::options::Options;

/// A search under way.
#[derive(Debug)]
pub(crate) struct Search {
    turn: u64,
    tasks: VecDeque<Task>,
    /// What was met already, confirmed or still to be.
    seen: BTreeSet<String>,
    count: u64,
}

/// One list to be read.
#[derive(Clone, Debug)]
enum Task {
    /// The folders in a folder, each of which may be an instance.
    Folders {
        folder: String,
        after: Option<Marker>,
    },
    /// All keys with a prefix.
    Scan {
        prefix: String,
        after: Option<Marker>,
    },
    /// Whether there is an object of an instance.
    Check {
        instance: String,
        prefixes: VecDeque<String>,
        after: Option<Marker>,
    },
}

/// One page of instances.
pub(crate) fn instances(
    client: &mut Client,
    options: &Options,
    memory: &mut Option<Search>,
    host: &dyn Host,
    request: &InstancesRequest,
) -> Result<InstancesPage, Error> {
    let mut found = Vec::new();
    if request.cursor.is_none() {
        *memory = Some(Search::new(options, &request.wanted, &mut found));
    }
    let turn = request.cursor.as_ref().map_or("0", Cursor::as_str);
    let search = memory
        .as_mut()
        .filter(|search| search.turn.to_string() == turn)
        .ok_or_else(|| Error::permanent("the cursor is not one of this listing"))?;
    if let Some(task) = search.tasks.front().cloned() {
        let page = task.ask(client, options, host)?;
        search.tasks.pop_front();
        search.take(options, task, page, &mut found)?;
    }
    search.turn += 1;
    search.count += found.len() as u64;
    let next = if search.tasks.is_empty() {
        Next::End(Completeness::complete(search.count))
    } else {
        Next::More(Cursor::new(search.turn.to_string()))
    };
    if search.tasks.is_empty() {
        *memory = None;
    }
    let region = client.bucket().region();
    let scope = format!("{}/{}", client.bucket().place(), options.prefix);
    let instances = found.into_iter().map(|name| Instance {
        id: InstanceId::new(name.clone()),
        name,
        engine: options.engine.clone(),
        engine_version: None,
        region: Some(region.to_owned()),
        scope: Some(scope.trim_end_matches('/').to_owned()),
        status: None,
        created_at: None,
    });
    Ok(InstancesPage {
        instances: instances.collect(),
        next,
    })
}

impl Search {
    fn new(options: &Options, wanted: &[String], found: &mut Vec<String>) -> Self {
        let mut search = Self {
            turn: 0,
            tasks: VecDeque::new(),
            seen: BTreeSet::new(),
            count: 0,
        };
        let sources = options.layouts.sources();
        if let Some(fixed) = sources.fixed {
            search.seen.insert(fixed.clone());
            found.push(fixed);
        }
        let named = !wanted.is_empty() && wanted.iter().all(|name| !name.contains(['*', '?']));
        if named && !(sources.folders.is_empty() && sources.scans.is_empty()) {
            for instance in wanted {
                search.check(options, instance.clone());
            }
            return search;
        }
        let folders = sources.folders.into_iter();
        search.tasks.extend(folders.map(|folder| Task::Folders {
            folder,
            after: None,
        }));
        let scans = sources.scans.into_iter();
        search.tasks.extend(scans.map(|prefix| Task::Scan {
            prefix,
            after: None,
        }));
        search
    }

    fn check(&mut self, options: &Options, instance: String) {
        if self.seen.insert(instance.clone()) {
            self.tasks.push_back(Task::Check {
                prefixes: options.layouts.prefixes(&instance).into(),
                instance,
                after: None,
            });
        }
    }

    /// Takes in what a task's page shows, and puts back what of the task is left.
    fn take(
        &mut self,
        options: &Options,
        task: Task,
        page: Page,
        found: &mut Vec<String>,
    ) -> Result<(), Error> {
        match task {
            Task::Folders { folder, .. } => {
                let within = format!("{}{folder}", options.prefix);
                let names = page.folders.iter().filter_map(|path| {
                    let name = path.strip_prefix(&within)?.strip_suffix('/')?;
                    is_name(name).then(|| name.to_owned())
                });
                for name in names {
                    self.check(options, name);
                }
                if let after @ Some(_) = page.next {
                    self.tasks.push_front(Task::Folders { folder, after });
                }
            }
            Task::Scan { prefix, .. } => {
                for instance in members(options, &page)? {
                    if self.seen.insert(instance.clone()) {
                        found.push(instance);
                    }
                }
                if let after @ Some(_) = page.next {
                    self.tasks.push_front(Task::Scan { prefix, after });
                }
            }
            Task::Check {
                instance,
                mut prefixes,
                ..
            } => {
                if members(options, &page)?.contains(&instance) {
                    found.push(instance);
                    return Ok(());
                }
                if page.next.is_none() {
                    prefixes.pop_front();
                }
                if !prefixes.is_empty() {
                    self.tasks.push_front(Task::Check {
                        instance,
                        prefixes,
                        after: page.next,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Task {
    fn ask(&self, client: &mut Client, options: &Options, host: &dyn Host) -> Result<Page, Error> {
        let (prefix, after) = match self {
            Self::Folders { folder, after } => (folder.as_str(), after),
            Self::Scan { prefix, after } => (prefix.as_str(), after),
            Self::Check {
                prefixes, after, ..
            } => (prefixes.front().map_or("", String::as_str), after),
        };
        objects::page(
            client,
            host,
            "find the instances in the bucket".to_owned(),
            &Wanted {
                limit: PAGE,
                prefix: &format!("{}{prefix}", options.prefix),
                folders: matches!(self, Self::Folders { .. }),
                versions: options.layouts.versions,
                after: after.as_ref(),
            },
        )
    }
}

/// The instances of the objects on a page.
fn members(options: &Options, page: &Page) -> Result<BTreeSet<String>, Error> {
    let mut instances = BTreeSet::new();
    for object in page.objects.iter().filter(|object| !object.is_folder()) {
        if let Reading::Member(member) = options.layouts.read(below(options, object)?, object)
            && is_name(&member.instance)
        {
            instances.insert(member.instance);
        }
    }
    Ok(instances)
}

/// Whether a text can name an instance.
fn is_name(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && !text.contains(char::is_control)
}
