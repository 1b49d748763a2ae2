//! Reading one file: TOML text to the tables as written, collecting every problem on the way.

use std::cell::RefCell;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use crate::{code, file::Document, problem::Log, secret, source::Sources};

mod deserializer;
mod place;

use deserializer::Deserializer;

/// How many syntax errors of one file are reported. Most behind the first few are echoes.
const SYNTAX_ERRORS: usize = 5;

/// Reads every file. A file that is not TOML yields nothing but problems.
pub(crate) fn documents(sources: &mut Sources, log: &mut Log) -> Vec<Document> {
    let mut documents = Vec::new();
    for index in 0..sources.files().len() {
        let file = sources.files()[index].clone();
        let (root, errors) = DeTable::parse_recoverable(&file.text);
        if !errors.is_empty() {
            sources.withhold(index, secret::withhold_lines(&file.text));
            let mut last_line = None;
            for error in errors.iter().take(SYNTAX_ERRORS) {
                let span = error.span().unwrap_or_default();
                let line = file
                    .text
                    .get(..span.start)
                    .map(|text| text.matches('\n').count());
                if last_line.replace(line) != Some(line) {
                    log.add(
                        file.base + span.start..file.base + span.end,
                        code::SYNTAX,
                        format!("this is not TOML: {}", error.message()),
                    );
                }
            }
            continue;
        }
        let mut root = root.into_inner();
        let hidden = secret::withhold(&mut root, &file, log);
        sources.withhold(index, hidden);
        let root = DeValue::Table(root);
        let log = RefCell::new(&mut *log);
        let reader = Deserializer::new(&root, file.base, &log);
        // Every failure below the top is a problem in the log and a `Field::Bad` here.
        documents.push(Document::deserialize(reader).unwrap_or_default());
    }
    documents
}
