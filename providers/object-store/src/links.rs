//! The files of a backup with a fresh link to each.
//!
//! Links need no request. Which objects a backup of several files has is listed anew, because the
//! listing keeps no names; a backup that has changed since is not handed out.

use backhaul_provider_api::{
    Checksum, ChecksumAlgorithm, Completeness, Cursor, Error, ErrorClass, File, FileId, Host,
    HttpResponse, Next, ResolveRequest, ResolvedPage, SizeHint, serde_json,
};
use backhaul_provider_kit::call::Call;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::backups::{Handle, below};
use crate::client::Client;
use crate::layout::Reading;
use crate::objects::{self, Marker, Object, Wanted};
use crate::options::{Options, link_lifetime_s};
use crate::signature::{EMPTY_SHA256, hex};

/// The objects of one page. Each may cost a request for its checksum, of which the daemon allows
/// a thousand in a call.
const PAGE: u64 = 250;

/// Where the list of a backup's objects goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    after: Option<Marker>,
    files: u64,
    bytes: u64,
}

/// One page of a backup's files.
pub(crate) fn resolve(
    client: &mut Client,
    options: &Options,
    host: &dyn Host,
    request: &ResolveRequest,
) -> Result<ResolvedPage, Error> {
    let name = &request.backup.name;
    let purpose = format!("get the links of backup {name:?}");
    let handle: Handle = request
        .backup
        .handle
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| {
            Error::permanent(format!(
                "cannot {purpose}: its handle is not one of this provider"
            ))
        })?;
    let lifetime_s = link_lifetime_s(request.lifetime, options.link_lifetime_s);
    if let Some(object) = &handle.object {
        let file = file(client, options, host, &purpose, object, lifetime_s)?;
        return Ok(ResolvedPage::last(vec![file]));
    }
    let mut position: Position = match &request.cursor {
        Some(cursor) => serde_json::from_str(cursor.as_str())
            .map_err(|_| Error::permanent("the cursor is not one of this listing"))?,
        None => Position::default(),
    };
    let page = objects::page(
        client,
        host,
        purpose.clone(),
        &Wanted {
            limit: PAGE,
            prefix: &format!("{}{}", options.prefix, handle.head),
            folders: false,
            versions: options.layouts.versions,
            after: position.after.as_ref(),
        },
    )?;
    let mut files = Vec::new();
    for object in page.objects.iter().filter(|object| !object.is_folder()) {
        let key = below(options, object)?;
        let Reading::Member(member) = options.layouts.read(key, object) else {
            continue;
        };
        if member.id != handle.id || member.instance != request.instance.id.as_str() {
            continue;
        }
        position.files += 1;
        position.bytes = position.bytes.saturating_add(object.size);
        let mut file = file(client, options, host, &purpose, object, lifetime_s)?;
        if let Some(name) = key.get(member.file_at..) {
            name.clone_into(&mut file.name);
        }
        files.push(file);
    }
    position.after = page.next;
    let next = if position.after.is_some() {
        let cursor = serde_json::to_string(&position)
            .map_err(|error| Error::permanent(format!("the cursor cannot be written: {error}")))?;
        Next::More(Cursor::new(cursor))
    } else {
        Next::End(verdict(&position, &handle, &purpose)?)
    };
    Ok(ResolvedPage { files, next })
}

/// Whether the backup is still what was listed.
fn verdict(now: &Position, then: &Handle, purpose: &str) -> Result<Completeness, Error> {
    if now.files == 0 {
        return Err(Error::gone(format!(
            "cannot {purpose}: its objects are no longer in the bucket"
        )));
    }
    if now.files < then.files {
        return Ok(Completeness::incomplete(
            now.files,
            format!(
                "of {} objects only {} are left in the bucket",
                then.files, now.files
            ),
        ));
    }
    if (now.files, now.bytes) != (then.files, then.bytes) {
        return Err(Error::new(
            ErrorClass::NotReady { after: None },
            format!(
                "cannot {purpose}: it has changed since it was listed; is it still being pushed?"
            ),
        ));
    }
    Ok(Completeness::complete(now.files))
}

fn file(
    client: &mut Client,
    options: &Options,
    host: &dyn Host,
    purpose: &str,
    object: &Object,
    lifetime_s: u64,
) -> Result<File, Error> {
    let version = object.version.as_deref();
    let checksums = if object.size == 0 {
        // Markers such as `_SUCCESS` are empty, and of nothing every digest is known.
        vec![Checksum {
            algorithm: ChecksumAlgorithm::Sha256,
            value: EMPTY_SHA256.to_owned(),
        }]
    } else if object.has_sha {
        let call = Call {
            name: "HeadObject",
            purpose: purpose.to_owned(),
            permission: Some("s3:GetObject"),
        };
        checksums(&client.head(host, &call, &object.key, version)?)
    } else {
        Vec::new()
    };
    let name = object.key.rsplit('/').next().unwrap_or(&object.key);
    Ok(File {
        id: FileId::new(below(options, object)?),
        name: name.to_owned(),
        size: Some(SizeHint::exact(object.size)),
        checksums,
        database: None,
        link: client.link(
            &object.key,
            version,
            host.now(),
            lifetime_s,
            options.etag_is_md5,
        ),
    })
}

/// The checksums of the whole object that the contract knows, in hex. Those of an object that was
/// uploaded in parts are sums of sums, with a dash and the number of parts, and say nothing here.
fn checksums(response: &HttpResponse) -> Vec<Checksum> {
    [
        ("x-amz-checksum-sha256", ChecksumAlgorithm::Sha256, 32),
        ("x-amz-checksum-sha1", ChecksumAlgorithm::Sha1, 20),
    ]
    .into_iter()
    .filter_map(|(header, algorithm, length)| {
        let bytes = STANDARD.decode(response.header(header)?.trim()).ok()?;
        (bytes.len() == length).then(|| Checksum {
            algorithm,
            value: hex(&bytes),
        })
    })
    .collect()
}
