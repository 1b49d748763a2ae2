//! Regions of API 2.0, which has two notations for each.

/// The short notation of a region; nothing if it is unknown.
pub fn short(long: &str) -> Option<&'static str> {
    let (short, _) = REGIONS.iter().find(|(_, known)| *known == long)?;
    Some(short)
}

/// The long notation of a region in either notation.
pub fn long(region: &str) -> Option<&'static str> {
    let (_, long) = REGIONS
        .iter()
        .find(|(short, long)| region == *short || region == *long)?;
    Some(long)
}

/// Paired by city.
const REGIONS: [(&str, &str); 15] = [
    ("bj", "ap-beijing"),
    ("ca", "na-toronto"),
    ("cd", "ap-chengdu"),
    ("cq", "ap-chongqing"),
    ("de", "eu-frankfurt"),
    ("gz", "ap-guangzhou"),
    ("hk", "ap-hongkong"),
    ("in", "ap-mumbai"),
    ("jp", "ap-tokyo"),
    ("kr", "ap-seoul"),
    ("sg", "ap-singapore"),
    ("sh", "ap-shanghai"),
    ("th", "ap-bangkok"),
    ("use", "na-ashburn"),
    ("usw", "na-siliconvalley"),
];
