//! Mistakes that people make, and the exact text they get.
//!
//! `mistakes.txt` holds them: `===` and a title, the file as written, `---`, the answer. With
//! `BACKHAUL_BLESS=1` the answers are written anew, to be read before they are committed.

use std::{env, fs};

use super::read;

#[test]
fn every_mistake_gets_its_answer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/mistakes.txt");
    let table = fs::read_to_string(path).unwrap();
    let mut answered = String::new();
    let mut count = 0;
    for case in table.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (written, _) = rest.split_once("\n---\n").unwrap_or((rest.trim_end(), ""));
        let answer = match read(written) {
            Ok(_) => panic!("{title}: accepted"),
            Err(problems) => problems.to_string(),
        };
        assert!(!answer.contains("S3CRET"), "{title}: {answer}");
        answered.push_str(&format!("=== {title}\n{written}\n---\n{answer}\n"));
        count += 1;
    }
    assert!(count >= 40);
    if env::var_os("BACKHAUL_BLESS").is_some() {
        fs::write(path, answered).unwrap();
    } else {
        assert_eq!(answered, table);
    }
}
