//! Mistakes that people make, and the exact text they get.

use super::{read, source};
use backhaul_config::parse;

const ACCOUNT: &str = "[account.cn]\nprovider = \"huaweicloud\"\n";

#[test]
fn probe() {
    let job = |line: &str| {
        format!(
            "{ACCOUNT}[[job]]\nname = \"orders\"\naccount = \"cn\"\nservice = \"rds\"\ndirectory = \"d\"\n{line}\n"
        )
    };
    for line in [
        "retentoin = { daily = 3 }",
        "max_age = 26",
        "max_age = \"26\"",
        "instances = \"orders-*\"",
        "instances = [\"a\", 3]",
        "kinds = [\"ful\"]",
        "kinds = []",
        "schedule = \"15 25 * * *\"",
        "schedule = \"0 0 30 2 *\"",
        "timezone = \"Asia/Shangai\"",
        "network = \"intranett\"",
        "retention = { }",
        "retention = { dayly = 3 }",
        "retention = { keep_last = -1 }",
        "directory = \"~/backups\"",
        "jitter = 1979-05-27",
        "options = 3",
        "missed = true",
        "name = \"x\"",
        "colour = \"red\"",
        "retention = 7",
        "retention = { daily = 0 }\nschedule = 5\nzzz = 1",
    ] {
        println!("{}\n", read(&job(line)).unwrap_err());
    }
    for text in [
        "[daemon]\nbandwidth = \"200 mb\"\nmax_downloads = 0\nlisten = \"9494\"\nsandbox = 1\nstate_dir = \"\"\n",
        "[deamon]\n",
        "[job]\nname = \"x\"",
        "[[account]]\nname = \"x\"",
        "[[daemon]]\n",
        "[[job]]\n",
        "[[job]]\nname = \"a\"\naccount = \"cm\"\nservice = \"rds\"\ndirectory = \"/a\"\n[account.cn]\nprovider=\"huaweicloud\"",
        "[account.cn]\nprovider = \"huaweicloud\"\ncredentials = { access_key = \"AKIA123\", secret_key = { env = \"A\" } }",
        "[account.cn]\nprovider = \"huaweicloud\"\nsecret_key = \"AKIA123\"",
        "[account.cn]\nprovider = \"huaweicloud\"\ncredentials.secret_key = { value = \"AKIA123\" }",
        "[account.cn]\nprovider = \"huaweicloud\"\ncredentials.secret_key = { env = \"AKIA 123\" }",
        "[account.cn]\nprovider = \"huaweicloud\"\n[account.cn.credentials]\nsecret_key = \"AKIA123",
        "[account.cn]\nprovider = \"Huawei\"\nendpoint = { rds = \"http://a.b\", iam = \"https://me:pw@x.y\" }\nlink_hosts = [\"*\"]\nrate = \"60\"\nallow_http = \"no\"",
        "[account.cn]\n",
        "[[job]]\nname = \"a b\"\n= 3\nx\n",
    ] {
        println!("{}\n", read(text).unwrap_err());
    }
    println!("{}", parse(&[source("/a.toml", "[daemon]\n[account.x]\nprovider=\"p\"\n[[job]]\nname=\"j\"\naccount=\"x\"\nservice=\"s\"\ndirectory=\"d\""), source("/b/c.toml", "[daemon]\n[account.x]\nprovider=\"p\"\n[[job]]\nname=\"j\"\n")]).unwrap_err());
}
