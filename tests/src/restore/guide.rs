//! Follows the `RESTORE.md` of an emergency kit: runs its shell commands, all of them, in their
//! order, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{RestoreError, Scratch, failed, run};

/// What following a guide has made. Its server is ended when this is dropped.
#[derive(Debug)]
pub struct Restored {
    scratch: Scratch,
}

/// Follows the guide of a kit with `work`, an empty directory that `nobody` can reach, as the
/// place to work. Further variables are those that the guide offers.
///
/// # Errors
/// When the kit cannot be read or a command fails.
pub fn follow(
    kit: &Path,
    work: &Path,
    variables: &[(&str, &str)],
) -> Result<Restored, RestoreError> {
    let restored = Restored {
        scratch: Scratch::new(work)?,
    };
    let guide = kit.join("RESTORE.md");
    let text = fs::read_to_string(&guide).map_err(failed("read", &guide))?;
    let mut command = restored.scratch.command(Path::new("sh"));
    command
        .args(["-e", "-c", &commands(&text)])
        .current_dir(kit)
        .env("WORK", work)
        // Times in the guide are in UTC, wherever the machine is.
        .env("TZ", "Asia/Shanghai")
        .envs(variables.iter().copied());
    run(&mut command)?;
    Ok(restored)
}

/// The lines of all blocks marked as shell.
fn commands(guide: &str) -> String {
    let mut lines = String::new();
    let mut inside = false;
    for line in guide.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

impl Restored {
    /// A program as the user who followed the guide.
    ///
    /// # Errors
    /// When it fails; what it wrote is in the error.
    pub fn ask(&self, program: &str, arguments: &[&str]) -> Result<String, RestoreError> {
        let mut command = self.scratch.command(Path::new(program));
        run(command.args(arguments)).map(|answer| answer.trim().to_owned())
    }

    fn process_id(&self) -> Option<String> {
        let files = ["data/postmaster.pid", "mysql.pid"].map(PathBuf::from);
        let text = files
            .iter()
            .find_map(|file| fs::read_to_string(self.scratch.path.join(file)).ok())?;
        Some(text.lines().next()?.trim().to_owned())
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        if let Some(id) = self.process_id() {
            // Its data are thrown away. The shell's own `kill`: not every system has the program.
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -s QUIT {id}")])
                .status();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_blocks_of_shell_are_commands() {
        let guide = "# a\n```sh\none\n```\ntext\n```sql\nselect\n```\n```\nsh check.sh\n```\n```sh\ntwo\n```\n";
        assert_eq!(super::commands(guide), "one\ntwo\n");
    }
}
