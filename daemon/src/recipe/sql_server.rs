//! SQL Server: `.bak` files, differential ones and `.trn` logs.

use super::packing::{Packing, tools};
use super::{Part, Recipe, Restoration, Step, Stop};

/// What to do with one file, in a few sentences.
pub fn brief(format: &str) -> Option<&'static str> {
    (format == "SQL Server backup").then_some("a SQL Server backup. `RESTORE DATABASE … FROM DISK = 'FILE' WITH NORECOVERY` (logs: `RESTORE LOG`), at last `RESTORE DATABASE … WITH RECOVERY`, on the same or a newer version.")
}

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let version = restoration.version().unwrap_or("of the same version");
    let all = || {
        let parts = restoration.base.iter().chain(&restoration.steps);
        parts.chain(&restoration.logs)
    };
    let mut steps = vec![
        Step::shell(
            "Unpack the files",
            "Into a directory that the user of SQL Server (`mssql`) may read. An archive may hold one `.bak` for each database.",
            unpack(all()),
        ),
        Step::shell(
            "Look into the backups",
            "The first command tells the database, its version and times; the second the logical names of its files, which the last step needs. `SQLCMDPASSWORD` holds the password of `sa`.",
            r#"for file in "$WORK"/bak/*/*; do
    sqlcmd -C -S localhost -U sa -Q "RESTORE HEADERONLY FROM DISK = N'$file'"
    sqlcmd -C -S localhost -U sa -Q "RESTORE FILELISTONLY FROM DISK = N'$file'"
done
"#,
        ),
    ];
    if let Stop::Time(time) = restoration.stop {
        steps.push(Step {
            title: "Find the time in the zone of the vendor's machine",
            text: format!(
                "`STOPAT` goes by the clock of the vendor's machine, not by UTC. The wanted time is {} in UTC; the times that `RESTORE HEADERONLY` shows beside those of `backup.json` tell the zone.",
                time.format("%Y-%m-%dT%H:%M:%S")
            ),
            commands: None,
        });
    }
    steps.push(Step {
        title: "Restore each database",
        text: "Put in the path of `WORK`, the database's name, the logical names of its files and their new places, and keep the order. `NORECOVERY` keeps the database open for what follows; only the last statement ends it.".to_owned(),
        commands: Some(("sql", statements(restoration))),
    });
    let mut needed = vec![format!(
        "SQL Server {version} or newer (never older), of an edition that has the features in use; `sqlcmd`."
    )];
    needed.extend(tools(all().flat_map(|part| &part.manifest.files)));
    Recipe {
        tools: needed,
        steps,
        checks: vec![
            "`DBCC CHECKDB (N'NAME') WITH NO_INFOMSGS` reports nothing.".to_owned(),
            "Rows of the busiest tables: the newest time in them is just before the wanted one.".to_owned(),
        ],
        pitfalls: vec![
            "`The media set has … media families but only … are provided`: the backup is striped; name all its files in one statement, `FROM DISK = N'…', DISK = N'…'`.".to_owned(),
            "`Cannot find server certificate with thumbprint`: the database uses transparent encryption, and vendors do not hand out that certificate. Such a database has to be decrypted before the vendor backs it up.".to_owned(),
            "`The log in this backup set begins at LSN …, which is too recent`: a log between is missing.".to_owned(),
            "Logins live in `master`, which is not in the backup: make them again, then `ALTER USER … WITH LOGIN = …` for users without one.".to_owned(),
        ],
    }
}

fn unpack<'a>(parts: impl Iterator<Item = &'a Part<'a>>) -> String {
    let mut commands = String::new();
    for part in parts {
        commands += &format!("mkdir -p \"$WORK/bak/{}\"\n", part.dir);
        for (path, file) in part.files() {
            commands += &match Packing::of(file) {
                Packing::Zip => format!("unzip -d \"$WORK/bak/{}\" \"$KIT/{path}\"\n", part.dir),
                packing => format!("{} > \"$WORK/bak/{path}\"\n", packing.unpack(&path)),
            };
        }
    }
    commands
}

fn statements(restoration: &Restoration<'_>) -> String {
    let stop = match restoration.stop {
        Stop::Time(_) => ", STOPAT = N'TIME'",
        Stop::Base | Stop::EndOfLogs => "",
    };
    const MOVE: &str = ",\n    MOVE N'LOGICAL_DATA' TO N'/var/opt/mssql/data/NAME.mdf',\n    MOVE N'LOGICAL_LOG' TO N'/var/opt/mssql/data/NAME.ldf'";
    let parts = (restoration.base.iter().map(|part| ("DATABASE", part, MOVE)))
        .chain(restoration.steps.iter().map(|part| ("DATABASE", part, "")))
        .chain(restoration.logs.iter().map(|part| ("LOG", part, stop)));
    let mut text = String::new();
    for (verb, part, options) in parts {
        for (path, file) in part.files() {
            let database = file
                .database
                .as_deref()
                .unwrap_or("NAME")
                .replace(']', "]]");
            text += &format!(
                "RESTORE {verb} [{database}] FROM DISK = N'WORK/bak/{path}' WITH NORECOVERY, STATS = 5{options};\n"
            );
        }
    }
    text + "RESTORE DATABASE [NAME] WITH RECOVERY;\n"
}
