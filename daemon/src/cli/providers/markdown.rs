//! The table of the documentation: what each service says about itself, in Markdown.

use backhaul_provider_api::{Description, RateLimit, RateScope, Seconds, Service};

const HEADLINE: [&str; 10] = [
    "provider",
    "service",
    "product",
    "kinds",
    "link lifetime",
    "checksums",
    "identity of a backup",
    "permissions needed",
    "request limits",
    "times",
];

const UNKNOWN: &str = "not documented";

/// The table, one row for each service.
pub fn table<'a>(descriptions: impl IntoIterator<Item = &'a Description>) -> String {
    let mut text = row(&HEADLINE.map(str::to_owned));
    text += &row(&HEADLINE.map(|_| "---".to_owned()));
    for description in descriptions {
        for service in &description.services {
            text += &row(&cells(&description.name, service));
        }
    }
    text
}

fn cells(provider: &str, service: &Service) -> [String; HEADLINE.len()] {
    [
        code(provider),
        code(&service.name),
        service.title.clone(),
        list(service.kinds.iter().map(|kind| code(kind.as_str())), ", "),
        service.link_lifetime.map_or_else(
            || UNKNOWN.to_owned(),
            |(least, most)| match least == most {
                true => length(least),
                false => format!("{} to {}", length(least), length(most)),
            },
        ),
        service.checksums.clone(),
        service.identity.clone(),
        list(service.permissions.iter().map(|one| code(one)), ", "),
        match service.rate_limits.is_empty() {
            true => UNKNOWN.to_owned(),
            false => list(service.rate_limits.iter().map(limit), "; "),
        },
        service.time_zone.clone(),
    ]
}

fn row(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!(" {} |", cell_text(cell)));
    format!("|{}\n", cells.collect::<String>())
}

/// A text that stays within its cell.
fn cell_text(text: &str) -> String {
    let line: Vec<_> = text.split_whitespace().collect();
    line.join(" ").replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

fn list(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn limit(limit: &RateLimit) -> String {
    let per = match limit.per {
        Seconds(1) => "a second".to_owned(),
        Seconds(60) => "a minute".to_owned(),
        per => format!("in {}", length(per)),
    };
    let of = match (&limit.call, limit.scope) {
        (Some(call), _) => code(call),
        (None, RateScope::Call) => "each call".to_owned(),
        (None, RateScope::Account) => "all calls together".to_owned(),
    };
    format!("{of}: {} {per}", limit.requests)
}

/// A length of time in the largest unit that needs no fraction.
fn length(Seconds(seconds): Seconds) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let whole = |(length, _): &(u64, _)| seconds >= *length && seconds.is_multiple_of(*length);
    let (length, unit) = units.into_iter().find(whole).unwrap_or((1, "s"));
    format!("{} {unit}", seconds / length)
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::Kind;

    use super::*;

    #[test]
    fn a_service_is_one_row_whatever_its_texts_hold() {
        let mut description = Description::new("v", "1");
        description.services = vec![Service {
            name: "s".to_owned(),
            title: "a|b\nc".to_owned(),
            kinds: vec![Kind::Full, Kind::Log],
            link_lifetime: Some((Seconds(60), Seconds(36 * 3600))),
            permissions: vec!["v:List".to_owned()],
            rate_limits: vec![
                RateLimit {
                    requests: 60,
                    per: Seconds(60),
                    scope: RateScope::Account,
                    call: None,
                },
                RateLimit {
                    requests: 10,
                    per: Seconds(7),
                    scope: RateScope::Call,
                    call: Some("List".to_owned()),
                },
            ],
            ..Service::default()
        }];
        let text = table([&description]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(
            lines[2],
            "| `v` | `s` | a\\|b c | `full`, `log` | 1 min to 36 h |  |  | `v:List` | \
             all calls together: 60 a minute; `List`: 10 in 7 s |  |"
        );
    }

    #[test]
    fn lengths_are_told_in_whole_units() {
        for (seconds, told) in [
            (0, "0 s"),
            (1, "1 s"),
            (60, "1 min"),
            (90, "90 s"),
            (3600, "1 h"),
            (43_200, "12 h"),
            (129_600, "36 h"),
            (604_800, "7 d"),
        ] {
            assert_eq!(length(Seconds(seconds)), told);
        }
    }
}
