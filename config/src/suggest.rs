//! "Did you mean": the nearest of the words that would have been right.

/// How many words a help text lists at most.
const LISTED: usize = 24;

/// The candidate that is nearest to the word, if it is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > 64 {
        return None;
    }
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`? the keys are: `x`, `y`", with as much of it as applies.
pub(crate) fn among<'a>(
    word: &str,
    lead: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let count = candidates.clone().count();
    if count == 0 {
        return format!("{lead}: none");
    }
    let mut text = match nearest(word, candidates.clone()) {
        Some(candidate) => format!("did you mean `{candidate}`? "),
        None => String::new(),
    };
    let listed: Vec<String> = candidates.take(LISTED).map(|c| format!("`{c}`")).collect();
    text.push_str(lead);
    text.push_str(": ");
    text.push_str(&listed.join(", "));
    if count > LISTED {
        text.push_str(&format!(" and {} more", count - LISTED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_recognised() {
        assert_eq!(
            nearest("retentoin", ["region", "retention"]),
            Some("retention")
        );
        assert_eq!(nearest("Kinds", ["kinds"]), Some("kinds"));
        assert_eq!(nearest("colour", ["kinds", "name"]), None);
    }

    #[test]
    fn long_lists_are_cut_short() {
        let words: Vec<String> = (0..30).map(|n| format!("word-{n}")).collect();
        let text = among("none", "the words are", words.iter().map(String::as_str));
        assert!(text.ends_with("`word-23` and 6 more"), "{text}");
    }
}
