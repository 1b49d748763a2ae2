//! Disks of their own: ext4 in an image on a loop device, or a small one in memory. They need
//! root; where they cannot be had, that is said.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted disk. Dropping it takes it away; its image stays.
pub struct Disk {
    image: PathBuf,
    place: PathBuf,
}

impl Disk {
    /// A new, empty disk of so many MiB, its image at `image`, mounted at `place`. Where that
    /// cannot be done, it says so and returns nothing.
    ///
    /// # Panics
    /// When the image or the mount point cannot be made.
    pub fn new(image: &Path, place: &Path, mib: u64) -> Option<Self> {
        if !may_mount() {
            return None;
        }
        let file = File::create(image).expect("an image can be made");
        file.set_len(mib << 20).expect("an image can be sparse");
        // No blocks kept for root, as whom this runs; everything written now, nothing later.
        let made = quietly(
            Command::new("mkfs.ext4")
                .args(["-q", "-F", "-m", "0", "-J", "size=4"])
                .args(["-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"])
                .arg(image),
        );
        if !made {
            println!("skipped: mkfs.ext4 cannot be used here");
            return None;
        }
        std::fs::create_dir_all(place).expect("a mount point");
        Self::mount(image, place)
    }

    /// Mounts the disk in an image, as after a start of the machine: its journal is replayed.
    /// Where nothing can be mounted, it says so and returns nothing.
    pub fn mount(image: &Path, place: &Path) -> Option<Self> {
        // The kernel shall write as late as it may, and not guess what ought to be durable.
        let options = "loop,commit=600,noauto_da_alloc";
        let mounted = quietly(
            Command::new("mount")
                .args(["-t", "ext4", "-o", options])
                .args([image, place]),
        );
        if !mounted {
            println!("skipped: no loop device can be mounted here");
            return None;
        }
        Some(Self {
            image: image.to_owned(),
            place: place.to_owned(),
        })
    }

    /// Copies the disk as it is at one moment. Whoever writes to it must be stopped; should the
    /// kernel write in between, it is copied again.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy_to(&self, copy: &Path) {
        for _ in 0..50 {
            let copied = quietly(
                Command::new("cp")
                    .args(["--sparse=always"])
                    .args([&self.image, copy]),
            );
            assert!(copied, "the image can be copied");
            // The same again: then nothing was written from the first byte copied to the last.
            if quietly(Command::new("cmp").args([&self.image, copy])) {
                return;
            }
        }
        panic!("the disk does not come to rest");
    }

    /// Fills it up to the last block, with a file of that name.
    ///
    /// # Panics
    /// When that file cannot be made.
    pub fn fill(&self, name: &str) {
        use std::io::Write;
        let mut file = File::create(self.place.join(name)).expect("a file on the disk");
        for bytes in [1 << 20, 4096, 1] {
            while file.write_all(&vec![0; bytes]).is_ok() {}
        }
        // Also what the file system had put off must be there, or it is not full.
        let _ = file.sync_all();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = quietly(Command::new("umount").arg("-l").arg(&self.place));
    }
}

/// A file system in memory, as large as it says. Dropping it takes it away.
pub struct MemoryDisk(PathBuf);

impl MemoryDisk {
    /// Mounts one of such a size, `2m` for instance.
    ///
    /// # Panics
    /// When the mount point cannot be made.
    pub fn mount(place: PathBuf, size: &str) -> Option<Self> {
        if !may_mount() {
            return None;
        }
        std::fs::create_dir(&place).expect("a mount point");
        let size = format!("size={size}");
        let mut mount = Command::new("mount");
        if !quietly(
            mount
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(&place),
        ) {
            println!("skipped: nothing can be mounted here");
            return None;
        }
        Some(Self(place))
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(quietly(
            Command::new("mount").args(["-o", &options]).arg(&self.0)
        ));
    }
}

impl Drop for MemoryDisk {
    fn drop(&mut self) {
        let _ = quietly(Command::new("umount").arg("-l").arg(&self.0));
    }
}

fn may_mount() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !root {
        println!("skipped: only root can mount");
    }
    root
}

fn quietly(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
