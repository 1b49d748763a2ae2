//! MongoDB and its kin: archives of data files and of `mongodump`.

use super::packing::{LOG_LIST, Packing, tools, unpack_logs};
use super::{Recipe, Restoration, Step, Stop};

/// What to do with one file, in a few sentences.
pub fn brief(format: &str) -> Option<&'static str> {
    matches!(format, "gzip" | "tar" | "lz4" | "zstd").then_some("an archive, either of data files (has `WiredTiger` in it: unpack into an empty directory, start `mongod --dbpath` of the same version on it) or of mongodump (has `.bson` files: unpack, then `mongorestore DIR`).")
}

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let version = restoration.version().unwrap_or("of the same version");
    let mut commands = String::new();
    for (place, (path, file)) in restoration.base_files().enumerate() {
        commands += &format!(
            "mkdir -m 700 \"$WORK/{place}\"\n{} | tar -xf - -C \"$WORK/{place}\"\n",
            Packing::of(file).unpack(&path)
        );
    }
    let mut steps = vec![
        Step::shell(
            "Unpack",
            "One directory for each file: a sharded cluster has one for the config server and one for each shard. A file that tar refuses is an archive of mongodump: `mongorestore --archive=FILE` (with `--gzip` where it is compressed).",
            commands,
        ),
        Step::shell(
            "Start a server on data files",
            "Where a directory holds `WiredTiger`. It listens on a socket beside its data only.",
            r#"find "$WORK" -maxdepth 3 -name WiredTiger | while read -r file; do
    data=$(dirname "$file")
    mongod --dbpath "$data" --bind_ip "$data/mongod.sock" --fork --logpath "$data/mongod.log"
done
"#,
        ),
        Step {
            title: "Or read a dump",
            text: "Where directories hold `.bson` files: `mongorestore --uri ADDRESS DIRECTORY` into a new server.".to_owned(),
            commands: None,
        },
    ];
    if !restoration.logs.is_empty() {
        let limit = match restoration.stop {
            Stop::Time(time) => format!(" --oplogLimit {}:1", time.timestamp()),
            Stop::Base | Stop::EndOfLogs => String::new(),
        };
        steps.push(Step::shell(
            "Lay out the logs",
            format!("They are pieces of the oplog. Put those that are BSON together, in the order of `{LOG_LIST}`, as `oplog.bson` in an empty directory, and replay them: `mongorestore --uri ADDRESS --oplogReplay{limit} DIRECTORY`."),
            unpack_logs("oplog"),
        ));
    }
    let mut needed = vec![format!(
        "MongoDB {version}, the same major version: `mongod`, `mongosh`; `mongorestore` of the database tools, 100.0 or newer. GNU tar."
    )];
    let parts = restoration.base.iter().chain(&restoration.logs);
    needed.extend(tools(parts.flat_map(|part| &part.manifest.files)));
    Recipe {
        tools: needed,
        steps,
        checks: vec![
            "`db.adminCommand({listDatabases: 1})`: every database is there, of about the size it had.".to_owned(),
            "`db.COLLECTION.validate({full: true})` for the important collections.".to_owned(),
        ],
        pitfalls: vec![
            "A member of a replica set remembers its set. To use it alone, start it without `--replSet` and drop the database `local`.".to_owned(),
            "`featureCompatibilityVersion` of the data must fit the server: at most one major version apart.".to_owned(),
            "`Unrecognized storage engine` or `encryption` in the log: the vendor's server wrote the files with what only its own has.".to_owned(),
        ],
    }
}
