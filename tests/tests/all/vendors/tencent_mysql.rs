//! What only TencentDB for MySQL has: exports of single tables, links to be signed twice, encrypted
//! and archived backups; and the temporary keys of its vendor.

use std::os::unix::fs::PermissionsExt;

use backhaul_tests::cloud::tencent::SecondSignature;

use super::*;

/// A backup of two databases.
fn of_databases(number: u64, hours: i64) -> MysqlBackupSpec {
    cdb_data(number, hours)
        .database("test1", &["a", "b"])
        .database("mysql", &["general_log", "slow_log", "user"])
}

fn exporting(choice: &str) -> Site {
    let site = site(&[]);
    let options = format!("options = {{ databases = {choice} }}\n");
    configure(&site, &(job_table("mysql-v2") + &options));
    site.tencent().add_mysql_backup(of_databases(1, 5));
    site
}

#[test]
fn chosen_databases_and_tables_are_exported_and_only_they() {
    let choice =
        "[{ name = \"test1\" }, { name = \"mysql\", tables = [\"slow_log\", \"general_log\"] }]";
    let site = exporting(choice);
    sync(&site);
    let found = manifests(&site, "mysql-v2");
    assert_eq!(found.len(), 1);
    let exported = "-- Export from backup 1\n-- Table mysql.general_log\n-- Table mysql.slow_log\n\
                    -- Table test1.a\n-- Table test1.b\n";
    let right = Content::bytes(exported).sha256_hex().unwrap();
    assert_eq!(digests(&found), [right.as_str()]);
    assert!(
        found[0].to_string().contains("dbTableList"),
        "{:#}",
        found[0]
    );

    // The same choice in another order is the same backup.
    site.tencent().reset_traffic();
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    let other =
        "[{ name = \"mysql\", tables = [\"general_log\", \"slow_log\"] }, { name = \"test1\" }]";
    site.write_config(&text.replace(choice, other));
    assert_eq!(sync(&site)["mysql-v2"]["mirrored"], 0);
    assert_eq!(site.tencent().traffic().calls(Api::LegacyExports), 0);

    // Another choice is another one.
    site.write_config(&text.replace(choice, "[{ name = \"test1\" }]"));
    assert_eq!(sync(&site)["mysql-v2"]["mirrored"], 1);
    assert_eq!(manifests(&site, "mysql-v2").len(), 2);
}

#[test]
fn a_choice_that_the_backup_does_not_have_is_named_and_nothing_is_fetched() {
    for (choice, missing) in [
        ("[{ name = \"test1\" }, { name = \"nowhere\" }]", "nowhere"),
        (
            "[{ name = \"mysql\", tables = [\"user\", \"absent\"] }]",
            "absent",
        ),
    ] {
        let site = exporting(choice);
        let runs = runs(&site.backhaul(["sync", "--json"]).expect(1).json());
        let error = error_of(&runs["mysql-v2"]);
        assert!(error.contains(missing), "{error}");
        assert_eq!(site.tencent().traffic().calls(Api::LegacyExports), 0);
        assert_eq!(manifests(&site, "mysql-v2").len(), 0);
    }
}

#[test]
fn the_second_signature_is_made_by_whichever_reading_the_vendor_takes() {
    for reading in [
        SecondSignature::Decoded,
        SecondSignature::Encoded,
        SecondSignature::Either,
        SecondSignature::NotNeeded,
    ] {
        let site = site(&["mysql-v2"]);
        site.tencent()
            .set(|switches| switches.dl.second_signature = reading);
        for round in 1..=3 {
            add_backups(&site, round, 30 * round.cast_signed());
        }
        sync(&site);
        assert_eq!(manifests(&site, "mysql-v2").len(), 9, "{reading:?}");
        let used = site.tencent().second_signatures();
        match reading {
            SecondSignature::Encoded => assert_eq!((used.decoded, used.encoded), (0, 9)),
            _ => assert_eq!(used.encoded, 0, "{reading:?}: {used:?}"),
        }
    }
}

#[test]
fn an_encrypted_backup_is_mirrored_and_its_key_kept_apart() {
    let site = site(&["mysql"]);
    let mut encrypted = cdb_data(1, 5);
    encrypted.encrypted = true;
    let key = encrypted.decryption_key().unwrap();
    site.tencent().add_mysql_backup(encrypted);
    site.tencent().add_mysql_backup(cdb_data(2, 9));
    sync(&site);
    let found = manifests(&site, "mysql");
    assert_eq!(found.len(), 2);
    assert_eq!(site.tencent().traffic().calls(Api::MysqlKeys), 1);
    let with_key = found
        .iter()
        .find(|one| one["identity"]["key"] == "1")
        .unwrap();
    let path = site.path(format!(
        "state/keys/{}.json",
        with_key["id"].as_str().unwrap()
    ));
    let stored: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(stored["keys"][0]["key"], key.as_str(), "{stored}");
    let folder = std::fs::metadata(site.path("state/keys")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o077, 0);
    assert!(
        !found
            .iter()
            .any(|manifest| manifest.to_string().contains(&key))
    );
}

#[test]
fn an_archived_backup_is_passed_over_until_somebody_restores_it() {
    let site = site(&["mysql"]);
    let mut archived = cdb_data(1, 5);
    archived.archived = true;
    site.tencent().add_mysql_backup(archived.clone());
    site.tencent().add_mysql_backup(cdb_data(2, 9));
    let run = sync(&site)["mysql"].clone();
    let passed_over = run["passed_over"].to_string();
    assert!(passed_over.contains("archive"), "{run:#}");
    assert_eq!(run["mirrored"], 1);
    assert_eq!(
        site.tencent().traffic().downloads().gets,
        1,
        "nothing is tried in vain"
    );

    archived.archived = false;
    site.tencent().add_mysql_backup(archived);
    assert_eq!(sync(&site)["mysql"]["mirrored"], 1);
}

#[test]
fn temporary_keys_mirror_by_both_apis_until_their_life_ends() {
    let site = site(&[]);
    let jobs = ["postgres", "mysql", "mysql-v2"];
    let key = site.tencent().issue_temporary_key(HOUR);
    let credentials = [
        ("access_key", &key.secret_id),
        ("secret_key", &key.secret_key),
        ("security_token", &key.token),
    ];
    let table = credentials.map(|(name, secret)| {
        let path = site.path(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("{name} = {{ file = \"{name}\" }}")
    });
    configure(&site, &jobs.map(job_table).concat());
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    let lasting = "{ access_key = { env = \"TC_ID\" }, secret_key = { env = \"TC_KEY\" } }";
    assert!(text.contains(lasting), "{text}");
    site.write_config(&text.replace(lasting, &format!("{{ {} }}", table.join(", "))));
    add_backups(&site, 1, 5);
    for (job, run) in sync(&site) {
        assert_eq!(run["mirrored"], in_a_round(&job), "{run:#}");
    }

    site.tencent().clock().advance(2 * HOUR);
    let said = site.backhaul(["sync", "--json"]).expect(1);
    for (_, secret) in credentials {
        assert!(!format!("{said:?}").contains(secret.as_str()), "{said:?}");
    }
    for run in runs(&said.json()).values() {
        let error = error_of(run);
        assert!(
            error.contains("expired") || error.contains("refused"),
            "{error}"
        );
    }
}
