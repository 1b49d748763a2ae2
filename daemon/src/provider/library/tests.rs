use std::os::unix::fs::symlink;

use super::*;

fn file(path: &Path, mode: u32) {
    fs::write(path, b"not a library").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_first_library_on_the_path_wins_and_the_others_are_reported() {
    let root = tempfile::tempdir().unwrap();
    let folders: Vec<PathBuf> = ["a", "b", "missing"]
        .map(|name| root.path().join(name))
        .into();
    for folder in &folders[..2] {
        fs::create_dir(folder).unwrap();
        file(&folder.join("libbackhaul_provider_acme.so"), 0o644);
    }
    file(
        &folders[1].join("libbackhaul_provider_object_store.so"),
        0o644,
    );
    file(&folders[1].join("libother.so"), 0o644);
    file(&folders[1].join("libbackhaul_provider_.so"), 0o644);
    let found = discover(&folders);
    assert!(found.unreadable.is_empty());
    let names: Vec<&String> = found.libraries.keys().collect();
    assert_eq!(names, ["acme", "object-store"]);
    let acme = &found.libraries["acme"];
    assert_eq!(acme.path, folders[0].join("libbackhaul_provider_acme.so"));
    assert_eq!(
        acme.shadowed,
        [folders[1].join("libbackhaul_provider_acme.so")]
    );
}

#[test]
fn a_file_that_others_can_change_is_refused_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("libbackhaul_provider_acme.so");
    file(&path, 0o664);
    let error = check_and_copy(&path, root.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(&format!("`chmod go-w {}`", path.display()))
    );
}

#[test]
fn what_is_not_a_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let error = check_and_copy(root.path(), root.path()).unwrap_err();
    assert!(matches!(error, LibraryError::NotAFile { .. }));
    let error = check_and_copy(Path::new("/nowhere"), root.path()).unwrap_err();
    assert!(matches!(error, LibraryError::Io { .. }));
}

#[test]
fn the_copy_is_named_by_its_hash_and_made_again_when_damaged() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("libbackhaul_provider_acme.so");
    file(&path, 0o644);
    let link = root.path().join("libbackhaul_provider_link.so");
    symlink(&path, &link).unwrap();
    let folder = root.path().join("state/providers");
    let (copy, sha256) = check_and_copy(&path, &folder).unwrap();
    assert_eq!(
        copy,
        folder.join(&sha256).join("libbackhaul_provider_acme.so")
    );
    assert_eq!(
        sha256,
        "f6bb034ecdd65239971cf2fbc49cb6ecef0dc0a192e40c2884e68e3346503e69"
    );
    fs::remove_file(&copy).unwrap();
    fs::write(&copy, b"torn").unwrap();
    assert_eq!(check_and_copy(&path, &folder).unwrap().0, copy);
    assert_eq!(fs::read(&copy).unwrap(), b"not a library");
    assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1);
    // Through a link, the file it leads to is what counts.
    assert_eq!(check_and_copy(&link, &folder).unwrap().1, sha256);
}
