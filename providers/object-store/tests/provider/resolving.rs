//! Links.

use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::{
    Backup, ChecksumAlgorithm, ETagMeaning, Error, ErrorClass, ExpiryLimits, File, Next, Provider,
    Ranges, ResolveRequest, Seconds, Secret,
    serde_json::{Value, json},
};
use backhaul_provider_object_store::ObjectStore;

use crate::store::{Store, account, answer, check_link, list, now, open, resolve_request};

/// Lists instance `a` with the options, and resolves its first backup.
fn files(store: &Store, options: Value) -> Vec<File> {
    let listed = list(store, options.clone(), "a");
    store.asked.borrow_mut().clear();
    all(
        store,
        &mut open(options),
        resolve_request("a", &listed.backups[0]),
    )
    .unwrap()
}

fn all(
    store: &Store,
    provider: &mut ObjectStore,
    mut request: ResolveRequest,
) -> Result<Vec<File>, Error> {
    let mut files = Vec::new();
    loop {
        let page = provider.resolve(store, request.clone())?;
        files.extend(page.files);
        match page.next {
            Next::More(cursor) => request.cursor = Some(cursor),
            Next::End(end) if end.complete => return Ok(files),
            Next::End(end) => return Err(Error::temporary(end.reason.unwrap())),
        }
    }
}

#[test]
fn a_single_object_gets_a_link_without_any_request() {
    let store = Store::new(["a/日 +&1.gz"]);
    let files = files(&store, json!({"pattern": "{instance}/{set}.gz"}));
    assert_eq!(store.requests(), 0);
    let file = &files[0];
    assert_eq!(
        (file.id.as_str(), file.name.as_str()),
        ("a/日 +&1.gz", "日 +&1.gz")
    );
    assert_eq!(file.size.unwrap().bytes, 1);
    let link = &file.link;
    let (path, query) = check_link(link.url.expose());
    assert_eq!(path, "/a/%E6%97%A5%20%2B%261.gz");
    assert_eq!(query["X-Amz-Expires"], "3600");
    assert_eq!(link.expires_at, Some(now() + Duration::hours(1)));
    assert_eq!(link.expiry_limits, ExpiryLimits::Start);
    assert_eq!(
        (link.ranges, link.etag, link.max_uses),
        (Ranges::Yes, ETagMeaning::Md5WhenPlain, None)
    );
    assert!(link.headers.is_empty());
    let crc = (
        "x-cos-hash-crc64ecma".to_owned(),
        ChecksumAlgorithm::Crc64Xz,
    );
    assert!(link.checksum_headers.contains(&crc));
}

#[test]
fn the_lifetime_is_the_one_asked_for_else_the_configured_one() {
    let options =
        json!({"pattern": "{instance}/{set}", "link_lifetime": "2h", "etag_is_md5": false});
    let store = Store::new(["a/1"]);
    let backup = list(&store, options.clone(), "a").backups.remove(0);
    for (asked, lifetime) in [
        (None, "7200"),
        (Some(300), "300"),
        (Some(9_999_999), "604800"),
    ] {
        let mut request = resolve_request("a", &backup);
        request.lifetime = asked.map(Seconds);
        let files = all(&store, &mut open(options.clone()), request).unwrap();
        assert_eq!(
            check_link(files[0].link.url.expose()).1["X-Amz-Expires"],
            lifetime
        );
        assert_eq!(files[0].link.etag, ETagMeaning::Opaque);
    }
}

#[test]
fn temporary_keys_put_their_token_into_the_link() {
    let options = json!({"pattern": "{instance}/{set}"});
    let store = Store::new(["a/1"]);
    let backup = list(&store, options.clone(), "a").backups.remove(0);
    let mut account = account(options);
    account
        .credentials
        .insert("security_token".to_owned(), Secret::new("tok/en+"));
    let mut provider = ObjectStore::open(account).unwrap();
    let files = all(&store, &mut provider, resolve_request("a", &backup)).unwrap();
    assert_eq!(
        check_link(files[0].link.url.expose()).1["X-Amz-Security-Token"],
        "tok/en+"
    );
    assert!(
        !format!("{:?}", files[0]).contains("X-Amz"),
        "no link is printed"
    );
}

#[test]
fn the_files_of_a_set_are_listed_anew_over_all_pages() {
    let keys = (0..600).map(|file| format!("a/20240115/pg_data/{file:04}"));
    let store = Store::new(keys.chain(["a/202401150/x".to_owned(), "a/20240116/x".to_owned()]));
    let files = files(
        &store,
        json!({"pattern": "{instance}/{time:%Y%m%d}/{file}"}),
    );
    assert_eq!(files.len(), 600);
    assert_eq!(store.requests(), 3);
    assert_eq!(files[0].name, "pg_data/0000");
    assert_eq!(files[0].id.as_str(), "a/20240115/pg_data/0000");
}

#[test]
fn a_marker_beside_the_folder_is_one_of_the_files() {
    let store = Store::new([
        "a/base_1.done",
        "a/base_1/x",
        "a/base_10.done",
        "a/base_10/x",
    ]);
    let options =
        json!({"pattern": "{instance}/{set}/{file}", "complete_when": "{instance}/{set}.done"});
    let files = files(&store, options);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["base_1.done", "x"]);
}

#[test]
fn a_backup_that_changed_since_the_listing_is_not_handed_out() {
    let options = json!({"pattern": "{instance}/{set}/{file}"});
    type Change = fn(&Store);
    let cases: [(Change, ErrorClass, &str); 4] = [
        (
            |store| store.change("a/1/x", |object| object.size = 9),
            ErrorClass::NotReady { after: None },
            "changed",
        ),
        (
            |store| store.change("a/2/z", |object| object.key = "a/1/z".to_owned()),
            ErrorClass::NotReady { after: None },
            "changed",
        ),
        (
            |store| store.remove("a/1/y"),
            ErrorClass::Temporary,
            "only 1 are left",
        ),
        (
            |store| {
                store.remove("a/1/x");
                store.remove("a/1/y");
            },
            ErrorClass::Gone,
            "no longer",
        ),
    ];
    for (change, class, said) in cases {
        let store = Store::new(["a/1/x", "a/1/y", "a/2/z"]);
        let backup = list(&store, options.clone(), "a").backups.remove(0);
        change(&store);
        let error = all(
            &store,
            &mut open(options.clone()),
            resolve_request("a", &backup),
        )
        .unwrap_err();
        assert_eq!(error.class, class, "{error}");
        assert!(error.message.contains(said), "{error}");
    }
}

#[test]
fn an_overwritten_object_is_gone() {
    let options = json!({"pattern": "{instance}/latest.dump"});
    let store = Store::new(["a/latest.dump"]);
    let backup: Backup = list(&store, options.clone(), "a").backups.remove(0);
    assert_eq!(files(&store, options.clone()).len(), 1);
    store.change("a/latest.dump", |object| object.modified = now());
    let error = all(&store, &mut open(options), resolve_request("a", &backup)).unwrap_err();
    assert_eq!(error.class, ErrorClass::Gone);
}

#[test]
fn a_version_is_part_of_its_link() {
    let store = Store::new(["a/latest.dump"]);
    store.change("a/latest.dump", |object| object.version = Some("v.1"));
    let files = files(
        &store,
        json!({"pattern": "{instance}/latest.dump", "versions": true}),
    );
    assert_eq!(check_link(files[0].link.url.expose()).1["versionId"], "v.1");
    assert_eq!(store.requests(), 0);
}

#[test]
fn a_digest_that_the_store_keeps_is_asked_for_and_handed_on_in_hex() {
    for (value, checksums) in [
        ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 1),
        ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-3", 0),
        ("47DEQpj8", 0),
        ("", 0),
    ] {
        let mut store = Store::new(["a/1"]);
        store.change("a/1", |object| {
            object.further = "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
        });
        store.instead = Box::new(move |asked| {
            (asked.method == "HEAD").then(|| {
                assert_eq!(asked.headers["x-amz-checksum-mode"], "ENABLED");
                assert_eq!(asked.path, "/a/1");
                answer(200, &[("x-amz-checksum-sha256", value)], "")
            })
        });
        let files = files(&store, json!({"pattern": "{instance}/{set}"}));
        assert_eq!(files[0].checksums.len(), checksums, "{value}");
        if let Some(checksum) = files[0].checksums.first() {
            assert_eq!(checksum.algorithm, ChecksumAlgorithm::Sha256);
            assert!(
                checksum
                    .value
                    .starts_with("e3b0c44298fc1c149afbf4c8996fb924")
            );
        }
    }
}

#[test]
fn of_an_empty_object_the_digest_is_known() {
    let store = Store::new(["a/1/_SUCCESS"]);
    store.change("a/1/_SUCCESS", |object| object.size = 0);
    let files = files(&store, json!({"pattern": "{instance}/{set}/{file}"}));
    assert!(files[0].checksums[0].value.starts_with("e3b0c442"));
}

#[test]
fn a_foreign_handle_or_cursor_is_refused() {
    let store = Store::new(["a/1/x"]);
    let options = json!({"pattern": "{instance}/{set}/{file}"});
    let backup = list(&store, options.clone(), "a").backups.remove(0);
    let mut request = resolve_request("a", &backup);
    request.cursor = Some(backhaul_provider_api::Cursor::new("x"));
    assert!(open(options.clone()).resolve(&store, request).is_err());
    for handle in [None, Some("{}".to_owned())] {
        let mut request = resolve_request("a", &backup);
        request.backup.handle = handle;
        assert!(open(options.clone()).resolve(&store, request).is_err());
    }
}
