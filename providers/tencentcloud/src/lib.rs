//! Backhaul provider for Tencent Cloud: TencentDB for MySQL and for PostgreSQL.
//!
//! Three services: `postgres` and `mysql` speak API 3.0 (`v3.rs`), `mysql-v2` speaks the legacy
//! API 2.0 (`v2.rs`). All of them use one pair of keys (`credentials.rs`) and print times without
//! a zone (`times.rs`); links lead to COS, the vendor's object storage (`cos.rs`), but for those of
//! API 2.0 to the old `dl.cdb` hosts.
//!
//! This crate does no I/O, has no clock, and must never let a key, token, signature or link into
//! an error or a log line.

mod cos;
mod credentials;
mod mysql;
mod postgres;
mod times;
mod v2;
mod v3;

use backhaul_provider_api::{
    Account, Description, Error, Host, InstancesPage, InstancesRequest, KeyMaterial, ListPage,
    ListRequest, Provider, ResolveRequest, ResolvedPage, SecretsRequest,
};

/// TencentDB for PostgreSQL by API 3.0; also the word for its endpoint.
const POSTGRES: &str = "postgres";

/// TencentDB for MySQL by API 3.0; also the word for its endpoint.
const MYSQL: &str = "mysql";

/// TencentDB for MySQL by the legacy API 2.0; also the word for its endpoint.
const MYSQL_V2: &str = "mysql-v2";

/// One session: one account and one service in one region.
#[derive(Debug)]
pub struct TencentCloud(Session);

#[derive(Debug)]
enum Session {
    Postgres(postgres::Session),
    Mysql(mysql::Session),
    MysqlV2(v2::Session),
}

impl Provider for TencentCloud {
    fn describe() -> Description {
        let mut description = Description::new("tencentcloud", env!("CARGO_PKG_VERSION"));
        description.title = "Tencent Cloud".to_owned();
        description.services = vec![postgres::service(), mysql::service(), v2::service()];
        description
    }

    fn open(account: Account) -> Result<Self, Error> {
        match account.service.as_str() {
            POSTGRES => postgres::Session::open(&account).map(Session::Postgres),
            MYSQL => mysql::Session::open(&account).map(Session::Mysql),
            MYSQL_V2 => v2::Session::open(&account).map(Session::MysqlV2),
            other => Err(Error::unsupported(format!(
                "the provider tencentcloud has no service {other:?}, only `postgres`, `mysql` and `mysql-v2`"
            ))),
        }
        .map(Self)
    }

    fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        match &mut self.0 {
            Session::Postgres(session) => session.instances(host, request),
            Session::Mysql(session) => session.instances(host, request),
            Session::MysqlV2(session) => session.instances(host, request),
        }
    }

    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error> {
        match &mut self.0 {
            Session::Postgres(session) => session.list(host, request),
            Session::Mysql(session) => session.list(host, request),
            Session::MysqlV2(session) => session.list(host, request),
        }
    }

    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error> {
        match &mut self.0 {
            Session::Postgres(session) => session.resolve(host, request),
            Session::Mysql(session) => session.resolve(host, request),
            Session::MysqlV2(session) => session.resolve(host, request),
        }
    }

    fn secrets(
        &mut self,
        host: &dyn Host,
        request: SecretsRequest,
    ) -> Result<Vec<KeyMaterial>, Error> {
        match &mut self.0 {
            Session::Mysql(session) => session.secrets(host, request),
            // PostgreSQL's backups are not told to be encrypted, nor are those of the old API.
            Session::Postgres(_) | Session::MysqlV2(_) => Ok(Vec::new()),
        }
    }
}

backhaul_provider_api::export_provider!(TencentCloud);
