use super::*;

fn root() -> (tempfile::TempDir, Dir) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    (scratch, dir)
}

#[test]
fn a_durable_write_replaces_the_whole_file() {
    let (_scratch, dir) = root();
    dir.write_durable("a", b"one").unwrap();
    dir.write_durable("a", b"two!").unwrap();
    assert_eq!(dir.read("a", 10).unwrap(), b"two!");
    assert_eq!(dir.entries().unwrap().len(), 1);
}

#[test]
fn names_and_links_do_not_lead_out() {
    let (scratch, dir) = root();
    let inner = dir.ensure_dir("inner").unwrap();
    std::fs::write(scratch.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink("../secret", scratch.path().join("inner/link")).unwrap();
    assert!(inner.read("../secret", 10).is_err());
    assert!(inner.read("link", 10).is_err());
    assert!(inner.open_file(scratch.path().join("secret")).is_err());
}

#[test]
fn a_move_never_replaces() {
    let (_scratch, dir) = root();
    let inner = dir.ensure_dir("inner").unwrap();
    dir.write_durable("a", b"one").unwrap();
    inner.write_durable("a", b"old").unwrap();
    assert!(dir.move_new("a", &inner, "a").unwrap_err().is_taken());
    dir.move_new("a", &inner, "b").unwrap();
    assert_eq!(inner.read("b", 10).unwrap(), b"one");
    assert!(!dir.has("a"));
}

#[test]
fn removing_a_tree_leaves_what_links_point_to() {
    let (scratch, dir) = root();
    let tree = dir.ensure_dir("tree").unwrap();
    tree.ensure_dir("deep")
        .unwrap()
        .write_durable("f", b"x")
        .unwrap();
    std::fs::create_dir(scratch.path().join("kept")).unwrap();
    std::fs::write(scratch.path().join("kept/file"), "x").unwrap();
    std::os::unix::fs::symlink("../kept", scratch.path().join("tree/link")).unwrap();
    dir.remove_tree("tree").unwrap();
    assert!(!dir.has("tree"));
    assert!(scratch.path().join("kept/file").exists());
    dir.remove_tree("tree").unwrap();
}

#[test]
fn a_long_file_is_refused_by_name() {
    let (_scratch, dir) = root();
    dir.write_durable("a", b"0123456789").unwrap();
    let error = dir.read("a", 5).unwrap_err().to_string();
    assert!(error.contains("longer than 5 bytes"), "{error}");
    assert!(dir.read("missing", 5).unwrap_err().is_missing());
}
