use proptest::prelude::*;

use super::*;

/// Reads a whole list whose state before each page is what `server` says.
fn walk(mut server: impl FnMut(u32) -> Vec<u32>, tell_total: bool) -> (Vec<u32>, Completeness) {
    let mut seen = Seen::default();
    let mut cursor = None;
    let mut got = Vec::new();
    for page in 0..2000 {
        let position = Position::of(cursor.as_ref(), 1).unwrap();
        let list = server(page);
        let at = usize::try_from(position.offset()).unwrap().min(list.len());
        let shown: Vec<u32> = list[at..].iter().copied().take(100).collect();
        let ids: Vec<String> = shown.iter().map(u32::to_string).collect();
        let total = tell_total.then_some(list.len() as u64);
        let turn = position.turn(&mut seen, &ids, total, 1, 100);
        let fresh: Vec<u32> = shown
            .iter()
            .zip(&turn.fresh)
            .filter(|(_, fresh)| **fresh)
            .map(|(id, _)| *id)
            .collect();
        got.extend(&fresh);
        match turn.next(fresh.len(), Window::default()).unwrap() {
            Next::More(next) => cursor = Some(next),
            Next::End(end) => return (got, end),
        }
    }
    panic!("the walk does not end");
}

#[test]
fn a_quiet_list_is_read_once_whatever_its_length() {
    for length in [0, 1, 99, 100, 101, 199, 200, 201, 1000] {
        for tell_total in [true, false] {
            let list: Vec<u32> = (0..length).collect();
            let (got, end) = walk(|_| list.clone(), tell_total);
            assert_eq!(got, list);
            assert_eq!(end, Completeness::complete(u64::from(length)), "{length}");
        }
    }
}

#[test]
fn entries_that_appear_in_front_are_not_doubled() {
    let server = |page| {
        (0..page * 7)
            .rev()
            .map(|new| 10_000 + new)
            .chain(0..450)
            .collect()
    };
    let (got, end) = walk(server, false);
    let mut sorted = got.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), got.len(), "none twice");
    assert!((0..450).all(|id| got.contains(&id)), "none lost");
    assert!(end.complete);
}

#[test]
fn one_entry_that_appears_in_front_is_fetched_by_a_second_look() {
    let server = |page: u32| {
        (page > 0)
            .then_some(10_000)
            .into_iter()
            .chain(0..150)
            .collect()
    };
    let (got, end) = walk(server, true);
    assert!(got.contains(&10_000));
    assert_eq!(end, Completeness::complete(151));
}

#[test]
fn entries_that_vanish_in_front_make_no_gap() {
    for vanishing in [1, 5, 60, 130] {
        let server = |page: u32| (vanishing * page.min(3)..700).collect();
        let (got, end) = walk(server, true);
        let must = vanishing * 3..700;
        assert!(must.clone().all(|id| got.contains(&id)), "{vanishing}");
        assert!(end.complete, "{vanishing}: {end:?}");
    }
}

#[test]
fn a_list_that_shrinks_below_the_offset_hides_nothing() {
    let server = |page: u32| (if page == 0 { 0 } else { 250 }..300).collect();
    for tell_total in [true, false] {
        let (got, end) = walk(server, tell_total);
        assert!((250..300).all(|id| got.contains(&id)));
        assert!(end.complete, "{end:?}");
    }
}

#[test]
fn a_count_that_promises_more_than_is_shown_is_not_complete() {
    let mut seen = Seen::default();
    let ids: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
    let mut position = Position::default();
    for _ in 0..10 {
        let at = usize::try_from(position.offset()).unwrap();
        let mut turn = position.turn(&mut seen, &ids[at.min(2)..], Some(3), 1, 100);
        turn.fresh.clear();
        match turn.next(0, Window::default()).unwrap() {
            Next::More(cursor) => position = Position::of(Some(&cursor), 1).unwrap(),
            Next::End(end) => {
                assert!(!end.complete);
                assert!(end.reason.unwrap().contains("counts 3"));
                return;
            }
        }
    }
    panic!("the walk does not end");
}

#[test]
fn a_server_with_smaller_pages_is_followed_by_its_count() {
    let mut seen = Seen::default();
    let list: Vec<String> = (0..120).map(|id: u32| id.to_string()).collect();
    let (mut position, mut got) = (Position::default(), 0);
    loop {
        let at = usize::try_from(position.offset()).unwrap();
        let page: Vec<String> = list[at..].iter().take(50).cloned().collect();
        let turn = position.turn(&mut seen, &page, Some(120), 1, 100);
        let fresh = turn.fresh.iter().filter(|fresh| **fresh).count();
        got += fresh;
        match turn.next(fresh, Window::default()).unwrap() {
            Next::More(cursor) => position = Position::of(Some(&cursor), 1).unwrap(),
            Next::End(end) => break assert_eq!((got, end), (120, Completeness::complete(120))),
        }
    }
}

#[test]
fn a_list_in_a_new_order_each_time_still_ends() {
    let mut state = 1u32;
    let server = |_| {
        let mut list: Vec<u32> = (0..350).collect();
        for i in (1..list.len()).rev() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            list.swap(i, (state >> 8) as usize % (i + 1));
        }
        list
    };
    let (got, end) = walk(server, true);
    assert_eq!(end.count, got.len() as u64);
    assert_eq!(
        end.complete,
        got.len() == 350,
        "complete only when all were seen"
    );
}

#[test]
fn an_entry_of_two_parts_is_yielded_once() {
    let mut seen = Seen::default();
    let ids = vec!["a".to_owned()];
    let first = Position::default().turn(&mut seen, &ids, Some(1), 2, 100);
    assert_eq!(first.fresh, [true]);
    let Next::More(cursor) = first.next(1, Window::default()).unwrap() else {
        panic!("one part")
    };
    let second = Position::of(Some(&cursor), 2)
        .unwrap()
        .turn(&mut seen, &ids, Some(1), 2, 100);
    assert_eq!(second.fresh, [false]);
    assert_eq!(
        second.next(0, Window::default()).unwrap(),
        Next::End(Completeness::complete(1))
    );
}

#[test]
fn asking_for_a_page_again_gives_the_same_answer() {
    let mut seen = Seen::default();
    let ids = vec!["a".to_owned(), "a".to_owned()];
    let first = Position::default().turn(&mut seen, &ids, Some(1), 1, 100);
    let again = Position::default().turn(&mut seen, &ids, Some(1), 1, 100);
    assert_eq!(first.fresh, [true, false]);
    assert_eq!(first.fresh, again.fresh);
}

#[test]
fn a_cursor_without_its_memory_begins_anew() {
    let list: Vec<String> = (0..150).map(|id: u32| id.to_string()).collect();
    let mut seen = Seen::default();
    let turn = Position::default().turn(&mut seen, &list[..100], Some(150), 1, 100);
    let Next::More(cursor) = turn.next(100, Window::default()).unwrap() else {
        panic!("end")
    };
    let mut nothing = Seen::default();
    let mut position = Position::of(Some(&cursor), 1).unwrap();
    let mut got = HashSet::new();
    loop {
        let at = usize::try_from(position.offset()).unwrap();
        let page = &list[at..list.len().min(at + 100)];
        got.extend(page.iter().cloned());
        let turn = position.turn(&mut nothing, page, Some(150), 1, 100);
        match turn.next(0, Window::default()).unwrap() {
            Next::More(cursor) => position = Position::of(Some(&cursor), 1).unwrap(),
            Next::End(_) => break,
        }
    }
    assert_eq!(got.len(), 150);
}

#[test]
fn a_foreign_cursor_is_refused() {
    for text in ["", "17", "{}x", r#"{"part":-1}"#] {
        assert!(Position::of(Some(&Cursor::new(text)), 1).is_err(), "{text}");
    }
}

#[test]
fn what_was_met_behind_a_gap_does_not_hide_the_gap() {
    // Two vanish, which shows entries behind a gap; two appear while the walk steps back; three
    // more vanish, so that the next page begins with one of those entries.
    let server = |page: u32| {
        let gone: &[u32] = match page {
            0 | 1 => &[],
            2 | 3 => &[1, 4],
            _ => &[0, 1, 2, 3, 4],
        };
        let new = if page < 3 { 0..0 } else { 10_000..10_002 };
        new.chain((0..205).filter(|id| !gone.contains(id)))
            .collect()
    };
    let (got, end) = walk(server, true);
    assert!((5..205).all(|id| got.contains(&id)) || !end.complete);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_stays_is_never_lost_and_nothing_is_doubled(
        length in 0u32..600,
        gone in proptest::collection::vec((0u32..8, 0u32..600), 0..40),
        new in proptest::collection::vec((0u32..8, 0usize..600), 0..40),
    ) {
        let server = |page: u32| {
            let mut list: Vec<u32> = (0..length)
                .filter(|id| !gone.iter().any(|(when, what)| what == id && *when <= page))
                .collect();
            // New entries come in front, as in a list with the newest first.
            let mut front: Vec<(u32, u32)> = new
                .iter()
                .zip(10_000..)
                .filter(|((when, _), _)| *when <= page)
                .map(|((when, _), id)| (*when, id))
                .collect();
            front.sort_unstable();
            list.splice(0..0, front.into_iter().rev().map(|(_, id)| id));
            list
        };
        let (got, end) = walk(server, true);
        let distinct: HashSet<_> = got.iter().collect();
        prop_assert_eq!(distinct.len(), got.len());
        prop_assert_eq!(end.count, got.len() as u64);
        let stays = (0..length).filter(|id| !gone.iter().any(|(_, what)| what == id));
        if end.complete {
            for id in stays {
                prop_assert!(distinct.contains(&id), "{} was lost", id);
            }
        }
    }
}
