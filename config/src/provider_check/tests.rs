use backhaul_provider_api::{Credential, Kind};
use serde_json::json;

use super::*;
use crate::{Source, parse};

fn vendor(name: &str) -> Description {
    let mut description = Description::new(name, "1.0.0");
    description.services = vec![
        Service {
            name: "rds".to_owned(),
            kinds: vec![Kind::Full, Kind::Log],
            endpoints: vec!["rds".to_owned(), "iam".to_owned()],
            credentials: vec![
                vec![
                    Credential::required("access_key"),
                    Credential::required("secret_key"),
                    Credential::optional("security_token"),
                ],
                vec![
                    Credential::required("username"),
                    Credential::required("password"),
                ],
            ],
            needs_region: true,
            options_schema: json!({
                "type": "object",
                "properties": {
                    "compression": { "type": "string", "enum": ["none", "zstd"] },
                    "buckets": { "type": "array", "items": { "type": "string" } },
                },
                "additionalProperties": false,
            }),
            ..Service::default()
        },
        Service {
            name: "plain".to_owned(),
            kinds: vec![Kind::Full],
            ..Service::default()
        },
    ];
    description
}

/// The problems of a good file with one change, or nothing.
fn verdict(from: &str, to: &str) -> String {
    let good = r#"[account.cn]
provider = "huaweicloud"
region = "cn-north-4"
credentials = { access_key = { env = "AK" }, secret_key = { env = "SK" } }
endpoint = { iam = "https://iam.example.com" }
[defaults]
service = "rds"
[[job]]
name = "orders"
account = "cn"
directory = "/srv/orders"
options = { compression = "zstd", buckets = ["a", "b"] }
"#;
    assert!(good.contains(from), "{from}");
    let path = "/b.toml".into();
    let text = good.replacen(from, to, 1);
    let config = parse(&[Source { path, text }]).unwrap();
    let describe = |name: &ProviderName| match name.as_str() {
        "huaweicloud" => Ok(vendor("huaweicloud")),
        other => Err(format!("there is no libbackhaul_provider_{other}.so")),
    };
    match config.check_providers(describe) {
        Ok(()) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn what_fits_the_provider_has_no_problems() {
    assert_eq!(verdict("[", "["), "");
    assert_eq!(
        verdict(
            "access_key = { env = \"AK\" }, secret_key",
            "username = { env = \"U\" }, password"
        ),
        ""
    );
    assert_eq!(verdict("region = \"cn-north-4\"", "").lines().count(), 4);
    let own = "account = \"cn\"\nregion = \"cn-east-3\"";
    assert_eq!(verdict("account = \"cn\"", own), "");
}

#[test]
fn what_does_not_fit_is_shown_where_it_stands() {
    for (from, to, expected) in [
        (
            "\"huaweicloud\"",
            "\"huaweiclod\"",
            "/b.toml:2:12: provider `huaweiclod` cannot be used: there is no libbackhaul_provider_huaweiclod.so
    provider = \"huaweiclod\"
               ^^^^^^^^^^^^
help: did you mean `huaweicloud`?",
        ),
        (
            "\"rds\"",
            "\"rdds\"",
            "/b.toml:7:11: provider `huaweicloud` has no service `rdds`
    service = \"rdds\"
              ^^^^^^
help: did you mean `rds`? its services are: `rds`, `plain`",
        ),
        (
            "directory",
            "kinds = [\"incremental\"]\ndirectory",
            "/b.toml:11:9: service `rds` has no backups of kind `incremental`
    kinds = [\"incremental\"]
            ^^^^^^^^^^^^^^^
help: its kinds are: `full`, `log`",
        ),
        (
            "region = \"cn-north-4\"\n",
            "",
            "/b.toml:1:1: service `rds` needs a region, and account `cn` has none
    [account.cn]
    ^^^^^^^^^^^^
help: add `region` here, or to the jobs of the service",
        ),
        (
            ", secret_key = { env = \"SK\" }",
            "",
            "/b.toml:4:1: service `rds` needs the credential `secret_key` of account `cn`
    credentials = ********
    ^^^^^^^^^^^
help: it takes `access_key` and `secret_key` and optionally `security_token`, or `username` and `password`",
        ),
        (
            "secret_key",
            "secret_kye",
            "/b.toml:4:46: provider `huaweicloud` takes no credential `secret_kye`
    credentials = ********
                  ^^^^^^^^
help: did you mean `secret_key`? it takes: `access_key`, `password`, `secret_key`, `security_token`, `username`",
        ),
        (
            "iam =",
            "ian =",
            "/b.toml:5:14: provider `huaweicloud` has no endpoint `ian`
    endpoint = { ian = \"https://iam.example.com\" }
                 ^^^
help: did you mean `iam`? its endpoints are: `iam`, `rds`",
        ),
        (
            "compression =",
            "compresion =",
            "/b.toml:12:13: service `rds` has no option `compresion`
    options = { compresion = \"zstd\", buckets = [\"a\", \"b\"] }
                ^^^^^^^^^^
help: did you mean `compression`? its options are: `buckets`, `compression`",
        ),
        (
            "\"b\"]",
            "7]",
            "/b.toml:12:51: option `buckets.1`: 7 is not of type \"string\"
    options = { compression = \"zstd\", buckets = [\"a\", 7] }
                                                      ^",
        ),
        (
            "\"zstd\"",
            "\"lz4\"",
            "/b.toml:12:27: option `compression`: \"lz4\" is not one of \"none\" or \"zstd\"
    options = { compression = \"lz4\", buckets = [\"a\", \"b\"] }
                              ^^^^^",
        ),
        (
            "directory = \"/srv/orders\"\noptions = { compression = \"zstd\", buckets = [\"a\", \"b\"] }",
            "service = \"plain\"\ndirectory = \"/srv/orders\"\noptions.level = 3",
            "/b.toml:13:9: service `plain` has no option `level`
    options.level = 3
            ^^^^^",
        ),
    ] {
        assert_eq!(verdict(from, to), expected, "{to}");
    }
}

#[test]
fn a_provider_is_described_once_and_many_jobs_share_one_problem() {
    let mut text =
        String::from("[account.cn]\nprovider = \"huaweicloud\"\n[defaults]\nservice = \"rdds\"\n");
    for n in 0..100 {
        text.push_str(&format!(
            "[[job]]\nname = \"{n}\"\naccount = \"cn\"\ndirectory = \"/d\"\n"
        ));
    }
    let path = "/b.toml".into();
    let config = parse(&[Source { path, text }]).unwrap();
    let asked = std::cell::Cell::new(0);
    let problems = config.check_providers(|name| {
        asked.set(asked.get() + 1);
        Ok(vendor(name.as_str()))
    });
    assert_eq!(asked.get(), 1);
    assert_eq!(problems.unwrap_err().iter().count(), 1);
}

#[test]
fn a_broken_schema_is_the_providers_fault() {
    let text = "[account.cn]\nprovider = \"acme\"\n[[job]]\nname = \"a\"\naccount = \"cn\"\nservice = \"plain\"\ndirectory = \"/d\"\n";
    let path = "/b.toml".into();
    let config = parse(&[Source {
        path,
        text: text.to_owned(),
    }])
    .unwrap();
    let problems = config.check_providers(|_| {
        let mut description = vendor("acme");
        description.services[1].options_schema = json!({ "type": "nonsense" });
        Ok(description)
    });
    let problems = problems.unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert_eq!((problem.code, problem.line), (code::PROVIDER, 6));
}
