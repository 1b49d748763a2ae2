//! `backhaul check` and the options of each service: a mistake is told with its place in the file.

use super::*;

/// The options that the mistakes stand beside: what each service demands.
const DEMANDED: &str = "bucket = \"b\"\npattern = \"{set}\"\n";

/// A configuration whose last line is an option of a service.
fn with_option(site: &Site, service: (&str, &str), option: &str) -> usize {
    let (provider, service) = service;
    let demanded = if service == "s3" { DEMANDED } else { "" };
    let text = format!(
        "{}\n[account.one]\nprovider = \"{provider}\"\nregion = \"cn-north-4\"\n\
         credentials = {{ access_key = {{ env = \"K\" }}, secret_key = {{ env = \"S\" }} }}\n\n\
         [[job]]\nname = \"one\"\naccount = \"one\"\nservice = \"{service}\"\ndirectory = \"m\"\n\n\
         [job.options]\n{demanded}{option}\n",
        site.daemon_table()
    );
    site.write_config(&text);
    text.lines().count()
}

#[test]
fn unknown_and_ill_typed_options_are_refused_with_their_place() {
    // An option of the service, and a value of a type that it does not take.
    const SERVICES: [((&str, &str), &str, &str); 7] = [
        (("huaweicloud", "rds"), "project_id", "17"),
        (("tencentcloud", "postgres"), "link_hours", "\"12\""),
        (("tencentcloud", "mysql"), "site", "[\"regional\"]"),
        (("tencentcloud", "mysql-v2"), "databases", "\"shop\""),
        (("capitalonline", "mysql"), "partial_backups", "\"no\""),
        (("capitalonline", "redis"), "timezone", "8"),
        (("object-store", "s3"), "versions", "\"yes\""),
    ];
    let site = Site::new();
    let path = site.config_path();
    for (service, option, ill_typed) in SERVICES {
        let misspelt = format!("{option}x");
        let mistakes = [
            (&misspelt, "true", format!("did you mean `{option}`?")),
            (&option.to_owned(), ill_typed, format!("`{option}`")),
        ];
        for (option, value, wanted) in mistakes {
            let line = with_option(&site, service, &format!("{option} = {value}"));
            let said = site.backhaul(["check"]).expect(2).stderr;
            let place = format!("{}:{line}", path.display());
            assert!(said.contains(&place), "{service:?} {option}: {said}");
            assert!(said.contains(&wanted), "{service:?} {option}: {said}");
            // The line is shown and the mistake underlined.
            assert!(said.contains(&format!("{option} = {value}")), "{said}");
            assert!(said.contains('^'), "{said}");
        }
    }
}
