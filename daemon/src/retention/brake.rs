//! The brake: letting go of very much at once is taken for a mistake in a policy or a clock.

use std::fmt;

use backhaul_provider_api::Kind;

use super::{Facts, Standing, Verdict};

/// Below this number a share says nothing.
const LEAST: usize = 10;

/// Too many backups of an instance would be let go at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// The kind that it is about.
    pub kind: Kind,
    /// How many would be let go.
    pub leaving: usize,
    /// Of how many.
    pub of: usize,
}

impl Brake {
    /// Looks at the verdicts about an instance's backups: more than half of a kind, should that
    /// be ten or more, is too many. What depends on a full backup may go with it.
    pub fn look(backups: &[Facts], verdicts: &[Verdict]) -> Option<Self> {
        let mut counts = [(0, 0); Kind::ALL.len() + 1];
        for (backup, verdict) in backups.iter().zip(verdicts) {
            if backup.standing == Standing::Ruled {
                let (leaving, of) = &mut counts[backup.kind as usize];
                *leaving += usize::from(!verdict.keeps());
                *of += 1;
            }
        }
        let full_leaves = counts[Kind::Full as usize].0 > 0;
        let too_many = |kind: &Kind| {
            let (leaving, of) = counts[*kind as usize];
            let alone = matches!(kind, Kind::Full | Kind::Slowlog);
            leaving >= LEAST && leaving * 2 > of && (alone || !full_leaves)
        };
        Kind::ALL.into_iter().find(too_many).map(|kind| {
            let (leaving, of) = counts[kind as usize];
            Self { kind, leaving, of }
        })
    }
}

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, leaving, of } = self;
        write!(
            f,
            "{leaving} of {of} {kind} backups would be let go at once"
        )
    }
}
