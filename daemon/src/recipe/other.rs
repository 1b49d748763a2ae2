//! Engines that there is no recipe for: what can be said of any.

use super::packing::{Packing, tools};
use super::{Recipe, Restoration, Step};

/// What to do with one file, in a few words.
pub fn brief(format: &str, engine: &str) -> String {
    match format {
        "zip" | "gzip" | "lz4" | "zstd" | "qpress" | "tar" => format!(
            "decompress it ({format}), then restore what is inside with the tools of {engine}."
        ),
        "text" => format!("text, probably a logical dump: feed it to the client of {engine}."),
        _ => format!("its format was not recognised; ask the vendor's guide for {engine}."),
    }
}

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let all = || {
        let parts = restoration.base.iter().chain(&restoration.steps);
        parts.chain(&restoration.logs)
    };
    let mut commands = String::new();
    for part in all() {
        commands += &format!("mkdir -p \"$WORK/{}\"\n", part.dir);
        for (path, file) in part.files() {
            commands += &format!("{} > \"$WORK/{path}\"\n", Packing::of(file).unpack(&path));
        }
    }
    let mut needed = vec![format!("A server of {}.", restoration.engine_text())];
    needed.extend(tools(all().flat_map(|part| &part.manifest.files)));
    Recipe {
        tools: needed,
        steps: vec![
            Step::shell("Unpack the files", "In the order of their application.", commands),
            Step {
                title: "Restore what is inside",
                text: "There is no recipe for this engine. `file *` tells what the unpacked files are, each `backup.json` has the vendor's own record under `backup.vendor`; the engine's guide for restores says the rest.".to_owned(),
                commands: None,
            },
        ],
        checks: vec![
            "Rows of the busiest tables: the newest time in them is just before the wanted one.".to_owned(),
        ],
        pitfalls: Vec::new(),
    }
}
