//! Schedules: they fire again and again, and a job never overlaps itself.

use backhaul_tests::harness::{LIMIT, Site};

fn job(more: &str) -> String {
    format!(
        "[[job]]\nname = \"shop\"\naccount = \"demo\"\nservice = \"rds\"\ninstances = [\"shop\"]\n\
         directory = \"mirror\"\nschedule = \"* * * * * *\"\n{more}\n"
    )
}

#[test]
fn a_schedule_of_every_second_fires_again_and_again() {
    let site = Site::with_fixtures();
    site.configure(&job(""));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let first = events.pass_of("shop");
    assert_eq!(
        (&first["outcome"], &first["mirrored"]),
        (&"success".into(), &2.into()),
        "{first}"
    );
    for _ in 0..2 {
        let run = events.pass_of("shop");
        assert_eq!(
            (&run["outcome"], &run["known"]),
            (&"success".into(), &2.into()),
            "{run}"
        );
    }
    let status = site.backhaul(["status", "--json"]).expect(0).json();
    assert!(status["daemon"]["next_due"]["shop"].is_string(), "{status}");
    assert!(daemon.stop().0.success());
}

#[test]
fn a_job_never_overlaps_itself_and_what_is_left_out_is_said() {
    let site = Site::with_fixtures();
    site.configure(&job(""));
    let gate = site.cloud.gate_all(1000);
    let daemon = site.daemon();
    let mut events = daemon.events();
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    daemon.wait_for_log(
        "is due but its last run has not ended; this run is left out",
        2,
    );
    let status = site.backhaul(["status", "--json"]).expect(0).json();
    assert!(status["daemon"]["running"]["shop"].is_object(), "{status}");
    gate.release();
    let run = events.pass_of("shop");
    assert_eq!(run["mirrored"], 2, "{run}");
    events.pass_of("shop");

    // Never two at once.
    let mut running = false;
    for event in events.seen() {
        if event["event"] == "pass-started" {
            assert!(!running, "{:#?}", events.seen());
            running = true;
        }
        running &= event["event"] != "pass-ended";
    }
    for file in site.cloud.traffic().objects.values() {
        assert_eq!(file.gets, 1, "{file:?}");
    }
    assert!(daemon.stop().0.success());
}
