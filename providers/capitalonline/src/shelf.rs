//! Lists that the vendor answers whole, handed on in pages that the contract allows.

use std::collections::BTreeMap;
use std::vec;

use backhaul_provider_api::{Completeness, Cursor, Error, Next};

/// How many entries a page has. A page must fit into one message; entries of this vendor have
/// less than a kilobyte.
const PAGE: usize = 2000;

/// What is left of the listings under way, by what they list. A cursor is the number of entries
/// already handed on.
#[derive(Debug)]
pub(crate) struct Shelf<T>(BTreeMap<String, Rest<T>>);

#[derive(Debug)]
struct Rest<T> {
    entries: vec::IntoIter<T>,
    given: usize,
    end: Completeness,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Shelf<T> {
    /// The first page of a list; the rest is kept.
    pub(crate) fn begin(&mut self, of: &str, entries: Vec<T>, end: Completeness) -> (Vec<T>, Next) {
        self.0.remove(of);
        let rest = Rest {
            entries: entries.into_iter(),
            given: 0,
            end,
        };
        self.hand_on(of, rest)
    }

    /// The page at a cursor.
    ///
    /// # Errors
    /// When the cursor is not where this listing stands.
    pub(crate) fn resume(&mut self, of: &str, cursor: &Cursor) -> Result<(Vec<T>, Next), Error> {
        let stands = self.0.get(of).map(|rest| rest.given.to_string());
        match self.0.remove(of) {
            Some(rest) if stands.as_deref() == Some(cursor.as_str()) => Ok(self.hand_on(of, rest)),
            _ => Err(Error::permanent(
                "the cursor is not one of this listing; begin it anew",
            )),
        }
    }

    fn hand_on(&mut self, of: &str, mut rest: Rest<T>) -> (Vec<T>, Next) {
        let page: Vec<T> = rest.entries.by_ref().take(PAGE).collect();
        if rest.entries.len() == 0 {
            return (page, Next::End(rest.end));
        }
        rest.given += page.len();
        let cursor = Cursor::new(rest.given.to_string());
        self.0.insert(of.to_owned(), rest);
        (page, Next::More(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(length: usize) -> (Vec<usize>, usize) {
        let mut shelf = Shelf::default();
        let end = Completeness::complete(length as u64);
        let (mut got, mut next) = shelf.begin("i1", (0..length).collect(), end.clone());
        let mut pages = 1;
        loop {
            assert!(got.len() <= pages * PAGE);
            match next {
                Next::End(told) => {
                    assert_eq!(told, end);
                    assert!(shelf.0.is_empty(), "nothing is kept");
                    return (got, pages);
                }
                Next::More(cursor) => {
                    let (page, after) = shelf.resume("i1", &cursor).unwrap();
                    got.extend(page);
                    next = after;
                    pages += 1;
                }
            }
        }
    }

    #[test]
    fn a_list_of_any_length_is_handed_on_whole_and_in_order() {
        for (length, pages) in [(0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2), (100_000, 50)] {
            let (got, read) = read(length);
            assert_eq!(got, (0..length).collect::<Vec<_>>());
            assert_eq!(read, pages);
        }
    }

    #[test]
    fn listings_do_not_mix() {
        let mut shelf = Shelf::default();
        let list = |first| (first..first + PAGE + 1).collect::<Vec<_>>();
        let end = || Completeness::complete(1);
        let (_, one) = shelf.begin("i1", list(0), end());
        let (_, two) = shelf.begin("i2", list(10_000), end());
        let (Next::More(one), Next::More(two)) = (one, two) else {
            panic!("there is more")
        };
        assert_eq!(shelf.resume("i2", &two).unwrap().0, [10_000 + PAGE]);
        assert_eq!(shelf.resume("i1", &one).unwrap().0, [PAGE]);
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let mut shelf = Shelf::<u8>::default();
        for cursor in ["", "0", "2000", "page 2"] {
            let error = shelf.resume("i1", &Cursor::new(cursor)).unwrap_err();
            assert!(error.message.contains("cursor"), "{error}");
        }
    }
}
