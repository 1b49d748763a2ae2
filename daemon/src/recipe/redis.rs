//! Redis and its kin: RDB files.

use super::packing::{Packing, tools};
use super::{Recipe, Restoration, Step};

/// What to do with one file, in a few sentences.
pub fn brief(format: &str) -> Option<&'static str> {
    (format == "RDB").then_some("a Redis dump. Stop the server, put it in place as dump.rdb, start the server with `--appendonly no`.")
}

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let version = restoration.version().unwrap_or("of the same version");
    let mut commands = String::new();
    let mut servers = String::new();
    for (place, (path, file)) in restoration.base_files().enumerate() {
        commands += &format!(
            "mkdir -m 700 \"$WORK/{place}\"\n{} > \"$WORK/{place}/dump.rdb\"\nredis-check-rdb \"$WORK/{place}/dump.rdb\"\n",
            Packing::of(file).unpack(&path)
        );
        servers += &format!(
            r#"redis-server --port 0 --unixsocket "$WORK/{place}/redis.sock" --dir "$WORK/{place}" --dbfilename dump.rdb --appendonly no --save '' --daemonize yes --logfile "$WORK/{place}/redis.log"
until redis-cli -s "$WORK/{place}/redis.sock" ping | grep -q PONG; do sleep 1; done
redis-cli -s "$WORK/{place}/redis.sock" info keyspace
"#
        );
    }
    let mut needed = vec![format!(
        "Redis {version} or newer (an older server refuses a newer file): `redis-server`, `redis-cli`, `redis-check-rdb`. Memory for all data."
    )];
    needed.extend(tools(restoration.base_files().map(|(_, file)| file)));
    Recipe {
        tools: needed,
        steps: vec![
            Step::shell(
                "Put each file in place",
                "One directory for each file: a cluster has one file for each shard.",
                commands,
            ),
            Step::shell(
                "Start a server on each",
                "`--appendonly no` is needed: a server with an append-only file reads that one and ignores the dump. `--save ''` keeps the dump from being overwritten.",
                servers,
            ),
        ],
        checks: vec![
            "`info keyspace` shows about as many keys as the instance had; keys whose time had run out are gone.".to_owned(),
        ],
        pitfalls: vec![
            "`Can't handle RDB format version`: the server is too old.".to_owned(),
            "`Unknown module` or an unknown object type: the vendor's own modules (Tair, for example) wrote it; only the vendor's server reads it.".to_owned(),
            "To bring the shards of a cluster into a new one, start each with `--cluster-enabled yes` and give it the slots that it had, or copy with a tool that reads RDB files.".to_owned(),
            "Nothing can be restored between two dumps.".to_owned(),
        ],
    }
}
