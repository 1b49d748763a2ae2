use proptest::prelude::*;

use super::*;

proptest! {
    /// Whatever the pace of the passes, the shares of one round add up to the whole.
    #[test]
    fn the_shares_of_a_round_cover_the_whole(
        total in 1u64..u64::MAX / 4,
        days in 1i64..4000,
        cuts in proptest::collection::vec(1i64..1000, 1..20),
    ) {
        let whole = days * 86_400_000;
        let within = TimeDelta::milliseconds(whole);
        let parts: i64 = cuts.iter().sum();
        let mut covered = 0u64;
        let mut left = whole;
        for (at, cut) in cuts.iter().enumerate() {
            let last = at + 1 == cuts.len();
            let millis = if last { left } else { whole * cut / parts };
            left -= millis;
            covered = covered.saturating_add(portion(total, TimeDelta::milliseconds(millis), within));
        }
        prop_assert!(covered >= total);
    }

    #[test]
    fn what_was_done_beyond_a_share_counts_for_the_next(
        total in 1u64..1 << 50,
        millis in 1i64..1 << 35,
    ) {
        let within = TimeDelta::days(400);
        let elapsed = TimeDelta::milliseconds(millis).min(within);
        let good_for = time_for(portion(total, elapsed, within), total, within);
        prop_assert!(good_for >= elapsed - TimeDelta::milliseconds(1));
    }
}

#[test]
fn a_mirror_of_nothing_owes_nothing() {
    assert_eq!(portion(0, TimeDelta::days(1), TimeDelta::days(90)), 0);
    assert_eq!(time_for(0, 0, TimeDelta::days(90)), TimeDelta::zero());
}
