//! Three years of fifty databases, each with a full backup a day and a log every five minutes,
//! with random faults, kills, clock jumps, pins and edits of the configuration. In memory: the
//! decisions are the real ones, the mirror is a model.
//!
//! The seed is printed; `BACKHAUL_SEED` replays it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::invariants::{check, check_stable};
use super::*;
use crate::retention::freeze::{Evidence, judge};

const INSTANCES: u64 = 50;
const DAYS: i64 = 3 * 365;
const LOGS_A_DAY: i64 = 288;
/// How long the vendor keeps its backups.
const VENDOR_DAYS: usize = 10;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn seed() -> u64 {
        match std::env::var("BACKHAUL_SEED") {
            Ok(text) => text.parse().expect("BACKHAUL_SEED is a number"),
            Err(_) => RandomState::new().build_hasher().finish(),
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

/// One database, at the vendor and in the mirror.
struct Database {
    random: Random,
    /// What days look like.
    days: Vec<Vec<Facts>>,
    policy: Policy,
    /// The days of which the mirror lacks something: their midnights, and from which backup on.
    lacking: Vec<(TimeDelta, usize)>,
    mirror: Vec<Facts>,
    /// Oldest first.
    quarantine: VecDeque<(Timestamp, Facts)>,
    /// What this machine's clock said at the end of the last pass.
    last: Option<Timestamp>,
    /// How far it is off.
    jumped: TimeDelta,
    /// How many verified full backups must be there from now on, whatever happens.
    floor: usize,
    /// A pass every so many days, and in how many the next is due.
    every: i64,
    due: i64,
    let_go: u64,
    passes: u64,
}

impl Database {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut days: Vec<_> = [3, 61, 118, 177, 291].map(day).to_vec();
        // Now and then the vendor makes no full backup.
        days.push(
            days[0]
                .iter()
                .filter(|backup| backup.kind == Kind::Log)
                .copied()
                .collect(),
        );
        let days = (0..40)
            .map(|number| days[if number == 0 { 5 } else { number % 5 }].clone())
            .collect();
        let policy = any_policy(&mut random);
        Self {
            days,
            every: 1 + random.below(7) as i64,
            due: 0,
            random,
            policy,
            lacking: Vec::new(),
            mirror: Vec::new(),
            quarantine: VecDeque::new(),
            last: None,
            jumped: TimeDelta::zero(),
            floor: 0,
            let_go: 0,
            passes: 0,
        }
    }

    fn day(&mut self, midnight: Timestamp) -> Result<(), String> {
        self.lacking.push((midnight - now(), 0));
        // The vendor keeps the newest days only.
        if self.lacking.len() > VENDOR_DAYS {
            self.lacking.remove(0);
        }
        if self.random.one_in(120) {
            self.policy = any_policy(&mut self.random);
            self.floor = 0;
        }
        if self.random.one_in(200) {
            let hours = self.random.below(2000) as i64 - 1000;
            self.jumped = TimeDelta::hours(hours);
        } else if self.random.one_in(3) {
            self.jumped = TimeDelta::zero();
        }
        if !self.mirror.is_empty() && self.random.one_in(150) {
            // Of what is pinned, some is unpinned again.
            let index = self.random.below(self.mirror.len() as u64) as usize;
            self.mirror[index].pinned = self.random.one_in(2);
        }
        // Jobs run daily to weekly, and some days the daemon is down.
        self.due -= 1;
        if self.due > 0 || self.random.one_in(20) {
            return Ok(());
        }
        self.due = self.every;
        self.pass(midnight + TimeDelta::hours(27))
    }

    fn pass(&mut self, now_truly: Timestamp) -> Result<(), String> {
        self.passes += 1;
        let successful = !self.random.one_in(15);
        let complete = !self.random.one_in(30);
        self.fetch(successful, complete);
        let now = now_truly + self.jumped;
        let evidence = Evidence {
            successful,
            complete,
            vendor_ahead: Some(-self.jumped),
            last: self.last,
            now,
        };
        // A kill at any time loses what the pass would have remembered.
        if self.random.one_in(100) {
            return Ok(());
        }
        self.last = Some(now);
        if !judge(&evidence).is_empty() {
            return Ok(());
        }
        let verdicts = decide(&self.policy, &self.mirror, now);
        if self.passes.is_multiple_of(50) {
            check(&self.policy, &self.mirror, &verdicts)?;
            check_stable(&self.policy, &self.mirror, &verdicts, now)?;
        }
        // Somebody releases the brake, sooner or later.
        if Brake::look(&self.mirror, &verdicts).is_some() && self.random.one_in(2) {
            return Ok(());
        }
        self.purge(now, now_truly)?;
        self.let_go(&verdicts, now_truly);
        let good = self.good_fulls();
        if good < self.floor {
            return Err(format!(
                "{good} good full backups are left of {}",
                self.floor
            ));
        }
        self.floor = good.min(self.policy.rules.min_good as usize);
        Ok(())
    }

    /// Mirrors what is new; a pass that fails, or whose list is short, leaves some for the next.
    fn fetch(&mut self, successful: bool, complete: bool) {
        for (midnight, first) in std::mem::take(&mut self.lacking) {
            let day = &self.days[self.random.below(self.days.len() as u64) as usize];
            let share = if successful && complete {
                10
            } else {
                5 + self.random.below(5) as usize
            };
            let until = first.max(day.len() * share / 10);
            let suspect = self.random.below(100) as usize;
            for (number, backup) in (first..).zip(&day[first..until]) {
                self.mirror.push(Facts {
                    counts: number % 100 != suspect,
                    started_at: backup.started_at + midnight,
                    from: backup.from + midnight,
                    reaches: backup.reaches + midnight,
                    ..*backup
                });
            }
            if until < day.len() {
                self.lacking.push((midnight, until));
            }
        }
    }

    fn purge(&mut self, now: Timestamp, now_truly: Timestamp) -> Result<(), String> {
        let grace = TimeDelta::from_std(self.policy.rules.quarantine).unwrap();
        while let Some((since, backup)) = self
            .quarantine
            .front()
            .filter(|(since, _)| now - *since > grace)
        {
            // Judged by the true time, the grace period was kept up to what clocks may differ.
            if now_truly - *since < grace - TimeDelta::hours(2) {
                return Err(format!("{backup:?} was deleted too early"));
            }
            self.quarantine.pop_front();
        }
        Ok(())
    }

    /// Moves what is let go to quarantine, up to a kill in the middle.
    fn let_go(&mut self, verdicts: &[Verdict], now: Timestamp) {
        let leaving = verdicts.iter().filter(|verdict| !verdict.keeps()).count() as u64;
        let mut until_killed = match self.random.one_in(100) {
            true => self.random.below(leaving + 1),
            false => leaving,
        };
        let mut index = 0;
        let quarantine = &mut self.quarantine;
        self.mirror.retain(|backup| {
            let goes = !verdicts[index].keeps() && until_killed > 0;
            index += 1;
            if goes {
                until_killed -= 1;
                quarantine.push_back((now, *backup));
            }
            !goes
        });
        self.let_go += leaving;
    }

    fn good_fulls(&self) -> usize {
        let good = |backup: &&Facts| backup.kind == Kind::Full && backup.counts;
        self.mirror.iter().filter(good).count()
    }
}

/// The backups of a day that begins at `now()`, with the full backup at some time of it.
fn day(full: i64) -> Vec<Facts> {
    let one = |kind, minutes: i64, length: i64| {
        let started_at = Moment::from(now()) + TimeDelta::minutes(minutes);
        Facts {
            kind,
            started_at,
            from: started_at,
            reaches: started_at + TimeDelta::minutes(length),
            ..backup(kind, 0)
        }
    };
    let mut day: Vec<_> = (0..LOGS_A_DAY)
        .map(|number| one(Kind::Log, number * 5, 5))
        .collect();
    day.insert((full / 5) as usize, one(Kind::Full, full, 12));
    day
}

fn any_policy(random: &mut Random) -> Policy {
    let zones = [
        Tz::UTC,
        chrono_tz::Asia::Shanghai,
        chrono_tz::Europe::Berlin,
        chrono_tz::America::Sao_Paulo,
    ];
    let within = Duration::from_secs(3600 * random.below(30));
    Policy {
        rules: Retention {
            keep_last: 1,
            hourly: random.below(3) as u32,
            daily: random.below(2) as u32,
            within: Some(within),
            min_good: random.below(4) as u32,
            quarantine: Duration::from_secs(86_400 * random.below(10)),
            ..Retention::default()
        },
        zone: zones[random.below(4) as usize],
    }
}

#[test]
fn three_years_of_fifty_databases() {
    let seed = Random::seed();
    println!("replay with BACKHAUL_SEED={seed}");
    let begin: Timestamp = "2023-11-22T00:00:00Z".parse().unwrap();
    let halves: [u64; 2] = [0, INSTANCES / 2];
    let (mut passes, mut let_go) = (0, 0);
    std::thread::scope(|scope| {
        let workers = halves.map(|first| {
            scope.spawn(move || {
                let mut ended = Vec::new();
                for number in first..first + INSTANCES / 2 {
                    let mut database =
                        Database::new(seed.wrapping_add(number.wrapping_mul(0x9e37)));
                    for day in 0..DAYS {
                        let done = database.day(begin + TimeDelta::days(day));
                        done.unwrap_or_else(|error| {
                            panic!("BACKHAUL_SEED={seed}, database {number}, day {day}: {error}")
                        });
                    }
                    ended.push(database);
                }
                ended
            })
        });
        for database in workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
        {
            let now = begin + TimeDelta::days(DAYS);
            let verdicts = decide(&database.policy, &database.mirror, now);
            let checked = check(&database.policy, &database.mirror, &verdicts)
                .and_then(|()| check_stable(&database.policy, &database.mirror, &verdicts, now));
            assert_eq!(checked, Ok(()), "BACKHAUL_SEED={seed}");
            passes += database.passes;
            let_go += database.let_go;
        }
    });
    assert!(
        passes > 10_000 && let_go > 10_000_000,
        "{passes} passes let go {let_go}"
    );
}
