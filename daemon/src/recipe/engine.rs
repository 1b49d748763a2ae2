//! Database engines, told from the vendors' words for them.

use backhaul_provider_api::Method;

use crate::mirror::manifest::Manifest;

/// A database engine that there are recipes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// MySQL and its kin.
    MySql,
    /// MariaDB.
    MariaDb,
    /// PostgreSQL.
    PostgreSql,
    /// Microsoft SQL Server.
    SqlServer,
    /// Redis and its kin.
    Redis,
    /// MongoDB and its kin.
    MongoDb,
    /// Another one, or an unknown one.
    Other,
}

impl Engine {
    /// The engine that a vendor calls so.
    pub fn named(name: &str) -> Self {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        const NAMES: [(&str, Engine); 10] = [
            ("mariadb", Engine::MariaDb),
            ("mysql", Engine::MySql),
            ("percona", Engine::MySql),
            ("postgres", Engine::PostgreSql),
            ("sqlserver", Engine::SqlServer),
            ("mssql", Engine::SqlServer),
            ("redis", Engine::Redis),
            ("valkey", Engine::Redis),
            ("mongo", Engine::MongoDb),
            ("dds", Engine::MongoDb),
        ];
        NAMES
            .iter()
            .find(|(part, _)| name.contains(part))
            .map_or(Self::Other, |(_, engine)| *engine)
    }

    /// The engine of a mirrored backup: by its name, else by the format of its files.
    pub fn of(manifest: &Manifest) -> Self {
        let name = manifest.backup.engine.as_deref();
        let named = name
            .or(manifest.instance.engine.as_deref())
            .map_or(Self::Other, Self::named);
        if named != Self::Other {
            return named;
        }
        let has = |format: &str| manifest.files.iter().any(|file| file.format == format);
        const FORMATS: [(&str, Engine); 6] = [
            ("xbstream", Engine::MySql),
            ("binlog", Engine::MySql),
            ("PostgreSQL WAL", Engine::PostgreSql),
            ("pg_dump custom format", Engine::PostgreSql),
            ("SQL Server backup", Engine::SqlServer),
            ("RDB", Engine::Redis),
        ];
        FORMATS
            .iter()
            .find(|(format, _)| has(format))
            .map_or(Self::Other, |(_, engine)| *engine)
    }

    /// Whether logs can be applied on top of this full backup. A dump of PostgreSQL has no place
    /// in the write-ahead log; one of MySQL names its place in the binary log.
    pub fn takes_logs(self, manifest: &Manifest) -> bool {
        match self {
            Self::PostgreSql => !is_dump(manifest),
            Self::Redis => false,
            Self::MySql | Self::MariaDb | Self::SqlServer | Self::MongoDb | Self::Other => true,
        }
    }
}

/// Whether a backup is a dump of statements or rows. The files' own formats count first: vendors
/// tell the method of a kind of backup, not of each.
pub fn is_dump(manifest: &Manifest) -> bool {
    let dump = |format: &str| matches!(format, "pg_dump custom format" | "text");
    let physical = |format: &str| matches!(format, "xbstream" | "tar");
    let formats = || manifest.files.iter().map(|file| file.format.as_str());
    formats().any(dump) || (manifest.backup.method == Method::Logical && !formats().any(physical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_told_by_whatever_vendors_call_them() {
        let cases = [
            ("MySQL", Engine::MySql),
            ("PostgreSQL", Engine::PostgreSql),
            ("SQL Server", Engine::SqlServer),
            ("mssql-2019-ent", Engine::SqlServer),
            ("TencentDB for MariaDB", Engine::MariaDb),
            ("DDS-Community", Engine::MongoDb),
            ("", Engine::Other),
        ];
        for (name, engine) in cases {
            assert_eq!(Engine::named(name), engine, "{name}");
        }
    }
}
