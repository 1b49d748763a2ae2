//! One page of a list, and the faults that lists have.

use super::fault::ApiFault;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Records before it.
    pub offset: usize,
    /// The most records on it.
    pub limit: usize,
}

impl Page {
    /// Everything, for answers that have no pages.
    pub const ALL: Self = Self {
        offset: 0,
        limit: usize::MAX,
    };

    /// The records of this page, and the total that is stated with them.
    pub fn cut<T>(self, records: Vec<T>, faults: &[ApiFault]) -> (Vec<T>, usize) {
        let mut total = records.len();
        let mut shown = total;
        let mut offset = self.offset;
        for fault in faults {
            match fault {
                ApiFault::EmptyListing => (total, shown) = (0, 0),
                ApiFault::ShortListing(withheld) => {
                    shown = shown.saturating_sub(usize::try_from(*withheld).unwrap_or(usize::MAX));
                }
                ApiFault::ListingGrows if offset > 0 => {
                    offset -= 1;
                    total += 1;
                }
                ApiFault::ListingShrinks if offset > 0 => {
                    offset += 1;
                    total = total.saturating_sub(1);
                }
                _ => {}
            }
        }
        let page = records
            .into_iter()
            .take(shown)
            .skip(offset)
            .take(self.limit)
            .collect();
        (page, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(offset: usize, fault: &ApiFault) -> (Vec<u32>, usize) {
        let page = Page { offset, limit: 2 };
        page.cut((0..5).collect(), std::slice::from_ref(fault))
    }

    #[test]
    fn pages_follow_offset_and_limit() {
        assert_eq!(cut(0, &ApiFault::ServerError), (vec![0, 1], 5));
        assert_eq!(cut(4, &ApiFault::ServerError), (vec![4], 5));
        assert_eq!(cut(9, &ApiFault::ServerError), (vec![], 5));
    }

    #[test]
    fn a_growing_list_repeats_a_record_and_a_shrinking_one_loses_one() {
        assert_eq!(cut(2, &ApiFault::ListingGrows), (vec![1, 2], 6));
        assert_eq!(cut(2, &ApiFault::ListingShrinks), (vec![3, 4], 4));
        assert_eq!(cut(0, &ApiFault::ListingGrows), (vec![0, 1], 5));
    }

    #[test]
    fn a_short_list_counts_what_it_withholds() {
        assert_eq!(cut(2, &ApiFault::ShortListing(2)), (vec![2], 5));
        assert_eq!(cut(0, &ApiFault::EmptyListing), (vec![], 0));
    }
}
