//! `RESTORE.md` of a kit: what it holds, what is needed, what to do, what to look at.

use super::contents::{Contents, Role};
use super::text;
use crate::recipe::{Recipe, Step, Stop, recipe};

/// The text. `with_keys` says whether keys are in the kit.
pub fn write(contents: &Contents, with_keys: bool) -> String {
    let restoration = contents.restoration();
    let Recipe {
        tools,
        steps,
        checks,
        pitfalls,
    } = recipe(&restoration);
    let title = match contents.stop {
        Stop::Time(time) => format!("{} as of {}", contents.instance, text(time)),
        Stop::Base | Stop::EndOfLogs => {
            format!("{} as of {}", contents.instance, text(contents.reaches))
        }
    };
    let mut page = format!(
        "# Restore {title}\n\nWanted: {}. Engine: {}. All times are in UTC.\n",
        contents.wanted,
        restoration.engine_text()
    );
    if !contents.warnings.is_empty() {
        page += "\n## Warning\n\n";
        page += &list(&contents.warnings);
    }
    page += &holds(contents);
    page += &keys(contents, with_keys);
    page += "\n## What you need\n\n";
    page += &list(&tools);
    page += &format!(
        r#"- A machine of its own, never one with a server that is in use. Room for what {} become when they are unpacked, which may be several times as much.
- An ordinary user who may read this directory and owns an empty directory `WORK`. All steps are run as that user; servers refuse to run as root.

## Steps

Run them in one shell, begun in the directory of this file: later steps use the variables of earlier ones.

### 1. Check the kit

Must end with `0 missing or damaged`. `sha256sum -c SHA256SUMS` does the same.

```sh
sh check.sh
```

### 2. Say where to work

`WORK` needs a short path (a socket's path has at most 100 bytes).

```sh
KIT=${{KIT:-$PWD}}
WORK=${{WORK:-/srv/restore}}
```
"#,
        bytes(contents.size_bytes()),
    );
    for (place, step) in steps.iter().enumerate() {
        page += &show(place + 3, step);
    }
    page += "\n## What to check afterwards\n\n";
    page += &list(&checks);
    if !pitfalls.is_empty() {
        page += "\n## When something goes wrong\n\n";
        page += &list(&pitfalls);
    }
    page
}

fn show(number: usize, step: &Step) -> String {
    let Step {
        title,
        text,
        commands,
    } = step;
    let commands = commands
        .as_ref()
        .map_or_else(String::new, |(language, lines)| {
            format!("\n```{language}\n{lines}```\n")
        });
    format!("\n### {number}. {title}\n\n{text}\n{commands}")
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("- {item}\n")).collect()
}

/// What is in the kit. Of many logs only the first and the last are named.
fn holds(contents: &Contents) -> String {
    const SHOWN: usize = 12;
    let mut page = "\n## What is in this kit\n\n| directory | what | begun | reaches | bytes |\n|---|---|---|---|---|\n".to_owned();
    let count = contents.entries.len();
    for (place, entry) in contents.entries.iter().enumerate() {
        if count > SHOWN && place == SHOWN - 1 {
            page += &format!("| … | {} more logs | | | |\n", count - SHOWN);
        }
        if count > SHOWN && entry.role == Role::Log && (SHOWN - 1..count - 1).contains(&place) {
            continue;
        }
        let backup = &entry.manifest.backup;
        let reaches = crate::catalog::record::reaches(backup);
        page += &format!(
            "| `{}` | {} backup {} | {} | {} | {} |\n",
            entry.dir,
            backup.kind,
            entry.manifest.id,
            text(backup.started_at),
            text(reaches),
            entry.manifest.size_bytes
        );
    }
    page + "\nEach directory is a copy of the mirror's: the vendor's files, `backup.json` that says what they are and where they came from, `SHA256SUMS`. `SHA256SUMS` beside this file is for the whole kit. `kit.json` says the same as this page, for programs.\n"
}

fn keys(contents: &Contents, with_keys: bool) -> String {
    let encrypted: Vec<_> = contents.encrypted().map(ToString::to_string).collect();
    if encrypted.is_empty() {
        return String::new();
    }
    let where_they_are = if with_keys {
        "Their keys are in `keys/`. Whoever has this kit can read the backups."
    } else {
        "Their keys are **not** in this kit. They lie where Backhaul keeps its state, in `keys/<id>.json`."
    };
    format!(
        "\n## Encrypted backups\n\nThe vendor encrypted {}. {where_they_are} Decrypt the files first, each in its place; `backup.encryption` in `backup.json` says how they were encrypted.\n",
        encrypted.join(", ")
    )
}

fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}
