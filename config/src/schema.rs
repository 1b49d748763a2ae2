//! The JSON Schema of the file format, for editors.

use schemars::generate::SchemaSettings;

use crate::file::Document;

/// The JSON Schema of a configuration file. Draft 7, which editors for TOML understand.
///
/// It says less than [`parse`](crate::parse): it knows keys and types, not the rules between them.
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<Document>().to_value()
}
