//! Where the bucket is: host, path and region, by configuration or by Amazon's own rules.

use backhaul_provider_api::{Account, Error, Network};
use backhaul_provider_kit::endpoint::{Endpoint, is_region};
use backhaul_provider_kit::percent;

use crate::S3;
use crate::options::{Addressing, BucketName};

/// The region of stores that have none.
const DEFAULT_REGION: &str = "us-east-1";

/// Host patterns of the stores that vendors push to: Amazon S3, Google Cloud Storage (with HMAC
/// keys), Huawei Cloud OBS, Tencent Cloud COS, Alibaba Cloud OSS. Links lead to the same hosts.
/// Every other store is named by the account's `endpoint` and `link_hosts`.
pub(crate) const HOSTS: [&str; 15] = [
    "s3.*.amazonaws.com",
    "*.s3.*.amazonaws.com",
    "s3.*.amazonaws.com.cn",
    "*.s3.*.amazonaws.com.cn",
    "storage.googleapis.com",
    "*.storage.googleapis.com",
    "obs.*.myhuaweicloud.com",
    "*.obs.*.myhuaweicloud.com",
    "obs.*.myhuaweicloud.eu",
    "*.obs.*.myhuaweicloud.eu",
    "cos.*.myqcloud.com",
    "*.cos.*.myqcloud.com",
    "*.cos.*.tencentcos.cn",
    "oss-*.aliyuncs.com",
    "*.oss-*.aliyuncs.com",
];

/// A bucket and the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    base: String,
    host: String,
    /// What stands before the key in a URL's path: empty, or `/bucket`.
    root: String,
    name: String,
    region: String,
    /// What identifies the bucket among all stores.
    place: String,
    is_amazons: bool,
}

impl Bucket {
    /// The way to the bucket.
    ///
    /// # Errors
    /// When region, endpoint and addressing do not fit together.
    pub(crate) fn of(
        account: &Account,
        bucket: &BucketName,
        addressing: Option<Addressing>,
    ) -> Result<Self, Error> {
        let region = account.region.as_deref().unwrap_or(DEFAULT_REGION);
        if !is_region(region) {
            return Err(Error::permanent(
                "the account's `region` is no region name such as eu-central-1",
            ));
        }
        let configured = Endpoint::configured(account, S3)?;
        if configured.is_none() && account.network == Network::Intranet {
            return Err(Error::unsupported(
                "S3 has no hosts of its own for the intranet; name the store's internal address in the account's `endpoint.s3`, or set the job's `network` to public or auto",
            ));
        }
        let name = bucket.as_str();
        let place = match &configured {
            Some(endpoint) => format!("{}/{name}", endpoint.host()),
            None => name.to_owned(),
        };
        let is_amazons = configured
            .as_ref()
            .is_none_or(|endpoint| is_amazons(endpoint.host()));
        let addressing = addressing.unwrap_or(match &configured {
            Some(endpoint) if wants_name_in_host(endpoint.host()) => Addressing::VirtualHost,
            Some(_) => Addressing::Path,
            // The certificate covers no dot within a bucket's name.
            None if !bucket.is_host_part() || name.contains('.') => Addressing::Path,
            None => Addressing::VirtualHost,
        });
        if addressing == Addressing::OwnHost && configured.is_none() {
            return Err(Error::permanent(
                "the option `addressing = \"own-host\"` needs the bucket's own host in the account's `endpoint.s3`",
            ));
        }
        let endpoint = configured.unwrap_or_else(|| amazons(region));
        let (base, host, root) = match addressing {
            Addressing::Path => (
                endpoint.base().to_owned(),
                endpoint.host().to_owned(),
                format!("/{name}"),
            ),
            Addressing::OwnHost => (
                endpoint.base().to_owned(),
                endpoint.host().to_owned(),
                String::new(),
            ),
            Addressing::VirtualHost => {
                let is_address = |host: &str| {
                    host.starts_with('[')
                        || host
                            .bytes()
                            .all(|b| b.is_ascii_digit() || b".:".contains(&b))
                };
                if !bucket.is_host_part() || is_address(endpoint.host()) {
                    return Err(Error::permanent(
                        "with `addressing = \"virtual-host\"` the bucket becomes a part of the host's name, which this bucket or this endpoint does not allow; set `addressing = \"path\"`",
                    ));
                }
                let host = format!("{name}.{}", endpoint.host());
                let scheme = endpoint
                    .base()
                    .strip_suffix(endpoint.host())
                    .unwrap_or("https://");
                (format!("{scheme}{host}"), host, String::new())
            }
        };
        Ok(Self {
            base,
            host,
            root,
            name: name.to_owned(),
            region: region.to_owned(),
            place,
            is_amazons,
        })
    }

    /// Scheme, host and port.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The value of the `Host` header.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The bucket's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The region that is signed for.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// What identifies the bucket: its name at Amazon, where names are unique, else host and name.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether Amazon's own S3 answers.
    pub(crate) fn is_amazons(&self) -> bool {
        self.is_amazons
    }

    /// The path of the bucket itself.
    pub(crate) fn path(&self) -> String {
        if self.root.is_empty() {
            "/".to_owned()
        } else {
            self.root.clone()
        }
    }

    /// The path of an object, encoded.
    pub(crate) fn path_of(&self, key: &str) -> String {
        let segments: Vec<String> = key.split('/').map(percent::encode).collect();
        format!("{}/{}", self.root, segments.join("/"))
    }
}

fn amazons(region: &str) -> Endpoint {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    Endpoint::https(format!("s3.{region}.{domain}"))
}

fn is_amazons(host: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn"]
        .iter()
        .any(|end| host.ends_with(end))
}

/// OSS refuses the bucket in the path, and so does COS for buckets made since 2024 (COS Bucket
/// Domain Security Management Notice).
fn wants_name_in_host(host: &str) -> bool {
    [".aliyuncs.com", ".myqcloud.com", ".tencentcos.cn"]
        .iter()
        .any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(
        name: &str,
        region: Option<&str>,
        endpoint: Option<&str>,
        addressing: Option<Addressing>,
    ) -> Result<Bucket, Error> {
        let account = Account {
            region: region.map(str::to_owned),
            endpoints: endpoint
                .map(|url| (S3.to_owned(), url.to_owned()))
                .into_iter()
                .collect(),
            ..Account::default()
        };
        let name = BucketName::try_from(name.to_owned()).unwrap();
        Bucket::of(&account, &name, addressing)
    }

    fn url(bucket: &Bucket) -> String {
        format!("{}{}", bucket.base(), bucket.path_of("a b/ü"))
    }

    #[test]
    fn amazon_is_reached_by_region_and_the_name_of_the_bucket() {
        for (name, region, expected) in [
            (
                "acme",
                None,
                "https://acme.s3.us-east-1.amazonaws.com/a%20b/%C3%BC",
            ),
            (
                "acme",
                Some("eu-central-1"),
                "https://acme.s3.eu-central-1.amazonaws.com/a%20b/%C3%BC",
            ),
            (
                "acme",
                Some("cn-north-1"),
                "https://acme.s3.cn-north-1.amazonaws.com.cn/a%20b/%C3%BC",
            ),
            (
                "acme.eu",
                Some("eu-west-1"),
                "https://s3.eu-west-1.amazonaws.com/acme.eu/a%20b/%C3%BC",
            ),
            (
                "Acme_1",
                None,
                "https://s3.us-east-1.amazonaws.com/Acme_1/a%20b/%C3%BC",
            ),
        ] {
            let bucket = bucket(name, region, None, None).unwrap();
            assert_eq!(url(&bucket), expected);
            assert_eq!(bucket.place(), name);
            assert!(bucket.is_amazons());
        }
    }

    #[test]
    fn a_configured_endpoint_is_taken_in_every_style() {
        let minio = Some("https://minio.example:9000/");
        for (addressing, expected, path) in [
            (
                None,
                "https://minio.example:9000/acme/a%20b/%C3%BC",
                "/acme",
            ),
            (
                Some(Addressing::VirtualHost),
                "https://acme.minio.example:9000/a%20b/%C3%BC",
                "/",
            ),
            (
                Some(Addressing::OwnHost),
                "https://minio.example:9000/a%20b/%C3%BC",
                "/",
            ),
        ] {
            let bucket = bucket("acme", None, minio, addressing).unwrap();
            assert_eq!(url(&bucket), expected);
            assert_eq!(bucket.path(), path);
            assert_eq!(bucket.place(), "minio.example:9000/acme");
            assert!(!bucket.is_amazons());
        }
    }

    #[test]
    fn stores_that_want_the_bucket_in_the_host_get_it_there() {
        let oss = bucket(
            "acme",
            None,
            Some("https://oss-cn-hangzhou.aliyuncs.com"),
            None,
        )
        .unwrap();
        assert_eq!(oss.host(), "acme.oss-cn-hangzhou.aliyuncs.com");
        let cos = bucket(
            "acme-1250000000",
            None,
            Some("https://cos.ap-guangzhou.myqcloud.com"),
            None,
        )
        .unwrap();
        assert_eq!(cos.host(), "acme-1250000000.cos.ap-guangzhou.myqcloud.com");
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        for (name, region, endpoint, addressing, named) in [
            ("acme", Some("evil.example/"), None, None, "region"),
            ("acme", None, Some("ftp://x"), None, "endpoint.s3"),
            (
                "acme",
                None,
                Some("http://127.0.0.1:9"),
                Some(Addressing::VirtualHost),
                "addressing",
            ),
            (
                "A_B",
                None,
                None,
                Some(Addressing::VirtualHost),
                "addressing",
            ),
            ("acme", None, None, Some(Addressing::OwnHost), "endpoint.s3"),
        ] {
            let error = bucket(name, region, endpoint, addressing).unwrap_err();
            assert!(error.message.contains(named), "{error}");
        }
    }

    #[test]
    fn the_intranet_needs_an_endpoint() {
        let account = Account {
            network: Network::Intranet,
            ..Account::default()
        };
        let name = BucketName::try_from("acme".to_owned()).unwrap();
        assert!(Bucket::of(&account, &name, None).is_err());
    }
}
