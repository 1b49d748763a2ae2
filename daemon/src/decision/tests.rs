use std::time::Duration;

use backhaul_provider_api::Timestamp;
use chrono::{TimeZone, Utc};
use proptest::prelude::*;

use super::read::{Filter, Month, months, read};
use super::*;
use crate::redact::Redactor;

const KEEP: Duration = Duration::from_secs(1096 * 86_400);

fn at(year: i32, month: u32, day: u32) -> Timestamp {
    Utc.with_ymd_and_hms(year, month, day, 12, 0, 0).unwrap()
}

fn entry(time: Timestamp, action: Action, reason: &str) -> Entry {
    let mut entry = Entry::new(&"orders".parse().unwrap(), action, reason)
        .of_instance(&InstanceId::new("i-1"))
        .of_backup(&"0123456789abcdef".parse().unwrap(), None, Some(7));
    entry.time = time;
    entry
}

fn all(state: &tempfile::TempDir) -> Vec<Entry> {
    let found = read(state.path(), &Filter::default(), None).unwrap();
    assert_eq!(found.damaged, Vec::<String>::new());
    found.entries
}

#[test]
fn what_is_noted_is_read_back_across_months_and_openings() {
    let state = tempfile::tempdir().unwrap();
    let written = [
        entry(at(2026, 10, 31), Action::Fetched, "new"),
        entry(at(2026, 11, 1), Action::Quarantined, "no rule"),
        entry(at(2026, 11, 2), Action::Deleted, "over"),
    ];
    let log = Log::new(state.path(), KEEP);
    log.note(written[0].clone());
    log.note(written[1].clone());
    log.settle().unwrap();
    let again = Log::new(state.path(), KEEP);
    again.announce([written[2].clone()]).unwrap();
    assert_eq!(all(&state), written);

    let read = |filter: Filter, count| read(state.path(), &filter, count).unwrap().entries;
    assert_eq!(read(Filter::default(), Some(2)), written[1..]);
    let since = Filter {
        since: Some(at(2026, 11, 1)),
        until: Some(at(2026, 11, 2)),
        ..Filter::default()
    };
    assert_eq!(read(since, None), written[1..2]);
    let deleted = Filter {
        action: Some(Action::Deleted),
        job: Some("orders".parse().unwrap()),
        instance: Some("i-1".to_owned()),
        backup: written[0].backup.clone(),
        ..Filter::default()
    };
    assert_eq!(read(deleted, None), written[2..]);
    let other = Filter {
        instance: Some("i-2".to_owned()),
        ..Filter::default()
    };
    assert!(read(other, None).is_empty());
}

#[test]
fn a_torn_last_line_costs_itself_and_is_said() {
    let state = tempfile::tempdir().unwrap();
    let (first, second, third) = (
        entry(at(2026, 11, 1), Action::Fetched, "first"),
        entry(at(2026, 11, 1), Action::Fetched, "second"),
        entry(at(2026, 11, 1), Action::Fetched, "third"),
    );
    let log = Log::new(state.path(), KEEP);
    log.note(first.clone());
    log.note(second.clone());
    drop(log);
    let path = state.path().join("decisions/2026-11.jsonl");
    let text = std::fs::read(&path).unwrap();
    let whole = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in whole..=text.len() {
        std::fs::write(&path, &text[..length]).unwrap();
        Log::new(state.path(), KEEP).note(third.clone());
        let found = read(state.path(), &Filter::default(), None).unwrap();
        // Without its end alone, the line is whole.
        let torn = length > whole && length < text.len() - 1;
        assert_eq!(found.damaged.len(), usize::from(torn), "{length}");
        let expected = match length {
            _ if torn || length == whole => vec![first.clone(), third.clone()],
            _ => vec![first.clone(), second.clone(), third.clone()],
        };
        assert_eq!(found.entries, expected, "{length}");
    }
}

#[test]
fn what_is_too_old_goes_but_a_clock_that_jumps_ahead_costs_nothing() {
    let state = tempfile::tempdir().unwrap();
    let years = |years: &[i32]| {
        let log = Log::new(state.path(), Duration::from_secs(366 * 86_400));
        for year in years {
            log.note(entry(at(*year, 11, 1), Action::Fetched, "new"));
        }
        let years = all(&state).into_iter().map(|entry| entry.time.date_naive());
        years
            .map(|date| chrono::Datelike::year(&date))
            .collect::<Vec<_>>()
    };
    assert_eq!(years(&[2020, 2021]), [2020, 2021]);
    assert_eq!(years(&[2040]), [2020, 2021, 2040]);
    // Put back: the file of the month that it really is.
    assert_eq!(years(&[2022]), [2020, 2021, 2022, 2040]);
    assert_eq!(years(&[2023]), [2021, 2022, 2023, 2040]);
}

#[test]
fn neither_secrets_nor_endless_reasons_are_written() {
    let state = tempfile::tempdir().unwrap();
    let log = Log::new(state.path(), KEEP);
    let _registered = Redactor::global().register(["hunter2-hunter2"]);
    let link = "https://example.com/x?Signature=abcdefabcdefabcdefabcdef";
    let reason = format!("with hunter2-hunter2 at {link}\n{}", "x".repeat(5000));
    log.note(entry(at(2026, 11, 1), Action::Failed, &reason));
    let text = std::fs::read_to_string(state.path().join("decisions/2026-11.jsonl")).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("abcdefabcdef"),
        "{text}"
    );
    assert!(text.len() < 2000 && text.lines().count() == 1, "{text}");
}

#[test]
fn a_log_that_cannot_be_written_stops_deletions_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("decisions"), "in the way").unwrap();
    let log = Log::new(state.path(), KEEP);
    log.note(entry(at(2026, 11, 1), Action::Fetched, "new"));
    let deleted = entry(at(2026, 11, 1), Action::Deleted, "over");
    assert!(log.announce([deleted.clone()]).is_err());
    std::fs::remove_file(state.path().join("decisions")).unwrap();
    log.announce([deleted.clone()]).unwrap();
    assert_eq!(all(&state), [deleted]);
    Log::nowhere()
        .announce([entry(at(2026, 11, 1), Action::Deleted, "over")])
        .unwrap();
}

#[test]
fn only_names_as_they_are_written_are_months() {
    let state = tempfile::tempdir().unwrap();
    let directory = Dir::create_all(&state.path().join("decisions")).unwrap();
    for name in [
        "2026-11.jsonl",
        "2026-1.jsonl",
        "2026-13.jsonl",
        "notes",
        "+2026-11.jsonl",
    ] {
        drop(directory.create(name).unwrap());
    }
    let months = months(&directory).unwrap();
    assert_eq!(months, [Month::of(at(2026, 11, 30))]);
}

proptest! {
    #[test]
    fn any_bytes_in_a_file_are_survived_and_cost_only_the_lines_they_hit(
        garbage in prop::collection::vec(any::<u8>(), 0..300),
        place in any::<prop::sample::Index>(),
    ) {
        let state = tempfile::tempdir().unwrap();
        let log = Log::new(state.path(), KEEP);
        for number in 0..5 {
            log.note(entry(at(2026, 11, 1), Action::Fetched, &number.to_string()));
        }
        let path = state.path().join("decisions/2026-11.jsonl");
        let mut text = std::fs::read(&path).unwrap();
        let place = place.index(text.len());
        let end = text.len().min(place + garbage.len());
        let hit = 2 + text[place..end].iter().filter(|byte| **byte == b'\n').count();
        text.splice(place..end, garbage.iter().copied());
        std::fs::write(&path, text).unwrap();
        log.note(entry(at(2026, 11, 2), Action::Fetched, "last"));
        let found = read(state.path(), &Filter::default(), None).unwrap();
        prop_assert!(found.entries.len() + hit >= 6, "{found:?}");
    }
}
