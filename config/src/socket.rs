//! The control socket of a configuration that may be broken.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use crate::{Daemon, Source};

/// The control socket as far as it can be made out, whatever else is wrong with the files: whoever
/// wants to know what a running daemon thinks of a bad edit must be able to reach it.
pub fn control_socket(sources: &[Source]) -> PathBuf {
    let named = sources.iter().find_map(|source| {
        let (root, _) = DeTable::parse_recoverable(&source.text);
        let DeValue::Table(daemon) = root.get_ref().get("daemon")?.get_ref() else {
            return None;
        };
        let DeValue::String(path) = daemon.get("control_socket")?.get_ref() else {
            return None;
        };
        let folder = source.path.parent()?;
        Some(folder.join(path.as_ref()).components().collect())
    });
    named.unwrap_or_else(|| Daemon::default().control_socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str) -> PathBuf {
        let path = "/etc/backhaul/backhaul.toml".into();
        let text = text.to_owned();
        control_socket(&[Source { path, text }])
    }

    #[test]
    fn the_socket_is_found_whatever_else_is_wrong() {
        let wanted = PathBuf::from("/etc/backhaul/run/it.sock");
        for rest in [
            "",
            "nonsense = true\n",
            "[[job]]\nname = \n",
            "[[job",
            "listen = 7\n[x]\ny",
        ] {
            let text = format!("[daemon]\ncontrol_socket = \"run/it.sock\"\n{rest}");
            assert_eq!(socket(&text), wanted, "{text}");
        }
    }

    #[test]
    fn without_one_it_is_the_standard_socket() {
        for text in [
            "",
            "[daemon]\n",
            "[daemon]\ncontrol_socket = 7\n",
            "daemon = 7\n",
            "[[",
        ] {
            assert_eq!(socket(text), Daemon::default().control_socket, "{text}");
        }
    }
}
