//! Any history of backups, passes, failures, clock changes, policies and pins.

use proptest::prelude::*;
use proptest::sample::Index;

use super::invariants::{check, check_stable, left};
use super::*;
use crate::retention::freeze::{Evidence, judge};

fn any_rules() -> impl Strategy<Value = Retention> {
    let counts = (0u32..4, 0u32..4, 0u32..4, 0u32..3, 0u32..3, 0u32..2);
    (counts, prop::option::of(1u64..2000), 0u32..5).prop_map(|(counts, within, min_good)| {
        let (keep_last, hourly, daily, weekly, monthly, yearly) = counts;
        Retention {
            keep_last,
            hourly,
            daily,
            weekly,
            monthly,
            yearly,
            within: within.map(|hours| Duration::from_secs(hours * 3600)),
            min_good,
            quarantine: Duration::from_secs(7 * 86_400),
        }
    })
}

pub fn any_policy() -> impl Strategy<Value = Policy> {
    let zone = prop_oneof![
        Just(Tz::UTC),
        Just(chrono_tz::Asia::Shanghai),
        Just(chrono_tz::Europe::Berlin),
        Just(chrono_tz::America::Sao_Paulo),
    ];
    (any_rules(), zone).prop_map(|(rules, zone)| Policy { rules, zone })
}

fn any_backup() -> impl Strategy<Value = Facts> {
    let kind = prop_oneof![
        3 => Just(Kind::Full),
        1 => Just(Kind::Differential),
        2 => Just(Kind::Incremental),
        5 => Just(Kind::Log),
        1 => Just(Kind::Slowlog),
    ];
    let standing = prop_oneof![
        4 => Just(Standing::Ruled),
        1 => Just(Standing::Held(Reason::OtherJob)),
    ];
    let odds = (
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.03),
        prop::option::weighted(0.1, 0usize..4),
    );
    (kind, -20i64..2000, 0i64..40, standing, odds).prop_map(
        |(kind, hours, length, standing, (counts, pinned, group))| {
            let mut facts = backup(kind, hours);
            // Logs overlap here, but do not lie within each other.
            let length = if kind == Kind::Log { 5 } else { length };
            facts.reaches = facts.reaches + TimeDelta::hours(length);
            Facts {
                standing,
                counts,
                pinned,
                group,
                ..facts
            }
        },
    )
}

fn any_backups() -> impl Strategy<Value = Vec<Facts>> {
    let link = (prop::option::weighted(0.2, any::<Index>()), any::<bool>());
    let links = prop::collection::vec(link, 60);
    (prop::collection::vec(any_backup(), 1..60), links).prop_map(|(mut backups, links)| {
        let count = backups.len();
        for (backup, (other, is_base)) in backups.iter_mut().zip(links) {
            let other = other.map(|other| other.index(count));
            match (backup.kind, is_base) {
                (Kind::Differential, _) | (Kind::Incremental, true) => backup.base = other,
                (Kind::Incremental, false) => backup.previous = other,
                _ => {}
            }
        }
        backups
    })
}

/// One thing that happens to a mirror.
#[derive(Clone, Debug)]
enum Step {
    Mirrored(Vec<Facts>),
    Pass(Pass),
    TimeGoesBy(i64),
    /// The machine's clock is off by so many hours; the vendor's is not.
    ClockJumps(i64),
    Policy(Policy),
    Pin(Index, bool),
}

#[derive(Clone, Copy, Debug)]
struct Pass {
    successful: bool,
    complete: bool,
    brake_released: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let pass = (
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.8),
        any::<bool>(),
    )
        .prop_map(|(successful, complete, brake_released)| Pass {
            successful,
            complete,
            brake_released,
        });
    prop_oneof![
        2 => any_backups().prop_map(Step::Mirrored),
        5 => pass.prop_map(Step::Pass),
        3 => (1i64..400).prop_map(Step::TimeGoesBy),
        1 => (-9000i64..9000).prop_map(Step::ClockJumps),
        1 => any_policy().prop_map(Step::Policy),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(which, pin)| Step::Pin(which, pin)),
    ]
}

/// A mirror that remembers what happened to it.
struct History {
    mirror: Vec<Facts>,
    policy: Policy,
    /// The vendor's clock, which is right.
    vendor: Timestamp,
    jumped: TimeDelta,
    last: Option<Timestamp>,
}

impl History {
    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Mirrored(more) => self.add(more),
            Step::TimeGoesBy(hours) => self.vendor += TimeDelta::hours(hours),
            Step::ClockJumps(hours) => self.jumped = TimeDelta::hours(hours),
            Step::Policy(policy) => self.policy = policy,
            Step::Pin(which, pinned) if !self.mirror.is_empty() => {
                let index = which.index(self.mirror.len());
                self.mirror[index].pinned = pinned;
            }
            Step::Pin(..) => {}
            Step::Pass(pass) => return self.pass(pass),
        }
        Ok(())
    }

    fn add(&mut self, more: Vec<Facts>) {
        let offset = self.mirror.len();
        let moved = |at: Option<usize>| at.map(|at| at + offset);
        let late = self.vendor - now();
        self.mirror.extend(more.into_iter().map(|one| Facts {
            started_at: one.started_at + late,
            from: one.from + late,
            reaches: one.reaches + late,
            base: moved(one.base),
            previous: moved(one.previous),
            group: moved(one.group),
            ..one
        }));
    }

    fn pass(&mut self, pass: Pass) -> Result<(), String> {
        let now = self.vendor + self.jumped;
        let evidence = Evidence {
            successful: pass.successful,
            complete: pass.complete,
            vendor_ahead: Some(-self.jumped),
            last: self.last.replace(now),
            now,
        };
        if !judge(&evidence).is_empty() {
            return Ok(());
        }
        if !pass.successful || !pass.complete || self.jumped.abs() > TimeDelta::hours(1) {
            return Err("something may be let go in doubt".to_owned());
        }
        let verdicts = decide(&self.policy, &self.mirror, now);
        check(&self.policy, &self.mirror, &verdicts)?;
        if pass.brake_released || Brake::look(&self.mirror, &verdicts).is_none() {
            check_stable(&self.policy, &self.mirror, &verdicts, now)?;
            self.mirror = left(&self.mirror, &verdicts);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_decision_breaks_an_invariant(backups in any_backups(), policy in any_policy()) {
        let verdicts = decide(&policy, &backups, now());
        prop_assert_eq!(check(&policy, &backups, &verdicts), Ok(()));
        prop_assert_eq!(check_stable(&policy, &backups, &verdicts, now()), Ok(()));
    }

    #[test]
    fn the_order_of_the_list_does_not_matter(
        backups in any_backups(),
        policy in any_policy(),
    ) {
        let mut backups = backups;
        // Relations are indexes; without them the list can be turned around. Which of two equal
        // times comes first is nobody's business.
        for backup in &mut backups {
            (backup.base, backup.previous) = (None, None);
        }
        backups.sort_by_key(|backup| backup.started_at);
        backups.dedup_by_key(|backup| backup.started_at);
        backups.sort_by_key(|backup| backup.reaches);
        backups.dedup_by_key(|backup| backup.reaches);
        let keeps = |verdicts: &[Verdict]| verdicts.iter().map(Verdict::keeps).collect::<Vec<_>>();
        let forward = keeps(&decide(&policy, &backups, now()));
        backups.reverse();
        let mut backward = keeps(&decide(&policy, &backups, now()));
        backward.reverse();
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn no_history_breaks_an_invariant(
        steps in prop::collection::vec(any_step(), 1..25),
        policy in any_policy(),
    ) {
        let mut history = History {
            mirror: Vec::new(),
            policy,
            vendor: now(),
            jumped: TimeDelta::zero(),
            last: None,
        };
        for step in steps {
            prop_assert_eq!(history.take(step), Ok(()));
        }
    }
}
