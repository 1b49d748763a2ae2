//! The codes of all problems, in one table. A code is never reused for something else.

/// The text is not TOML.
pub const SYNTAX: &str = "E_CONFIG_SYNTAX";
/// A key that no such table has.
pub const UNKNOWN_KEY: &str = "E_CONFIG_UNKNOWN_KEY";
/// A value of another type, such as a number where a text is wanted.
pub const TYPE: &str = "E_CONFIG_TYPE";
/// A value of the right type that cannot be used.
pub const VALUE: &str = "E_CONFIG_VALUE";
/// A key that must be there.
pub const MISSING_KEY: &str = "E_CONFIG_MISSING_KEY";
/// A name, or a table that may exist only once, for the second time.
pub const DUPLICATE: &str = "E_CONFIG_DUPLICATE";
/// A job of an account that does not exist.
pub const UNKNOWN_ACCOUNT: &str = "E_CONFIG_UNKNOWN_ACCOUNT";
/// A secret in the file instead of a reference to it, or a reference that is none.
pub const SECRET: &str = "E_CONFIG_SECRET";
/// Plain HTTP without `allow_http`.
pub const PLAIN_HTTP: &str = "E_CONFIG_PLAIN_HTTP";
/// A retention table that keeps nothing.
pub const RETENTION: &str = "E_CONFIG_RETENTION";
/// A provider that cannot be loaded.
pub const UNKNOWN_PROVIDER: &str = "E_CONFIG_UNKNOWN_PROVIDER";
/// A service that the provider does not have.
pub const UNKNOWN_SERVICE: &str = "E_CONFIG_UNKNOWN_SERVICE";
/// A kind that the service does not offer.
pub const KIND: &str = "E_CONFIG_KIND";
/// Credentials that are missing or that the service does not know.
pub const CREDENTIALS: &str = "E_CONFIG_CREDENTIALS";
/// A service that needs a region, and none is given.
pub const REGION: &str = "E_CONFIG_REGION";
/// An endpoint that the provider does not know.
pub const ENDPOINT: &str = "E_CONFIG_ENDPOINT";
/// Options that do not fit the service's schema.
pub const OPTIONS: &str = "E_CONFIG_OPTIONS";
/// A provider whose schema is itself broken.
pub const PROVIDER: &str = "E_CONFIG_PROVIDER";
