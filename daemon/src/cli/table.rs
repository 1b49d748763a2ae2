//! Columns and numbers for people.

use backhaul_provider_api::Timestamp;

use super::output::say;

/// Rows under a headline, each column as wide as its widest cell.
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table with that headline.
    pub fn new(headline: &[&str]) -> Self {
        Self(vec![headline.iter().map(ToString::to_string).collect()])
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.0.push(cells);
    }

    /// Prints it; without rows, `otherwise`.
    pub fn print(&self, otherwise: &str) {
        if self.0.len() < 2 {
            say!("{otherwise}");
            return;
        }
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.0
                    .iter()
                    .filter_map(|row| Some(row.get(column)?.chars().count()))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in &self.0 {
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            say!("{}", cells.join("  ").trim_end());
        }
    }
}

/// A size such as `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// A time to the second, or a dash.
pub fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(
        || "-".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// How long ago, or in how long, in the two largest units.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.signed_duration_since(at).num_seconds();
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds.unsigned_abs();
    let mut parts = Vec::new();
    for (length, unit) in units {
        if left >= length && parts.len() < 2 {
            parts.push(format!("{} {unit}", left / length));
            left %= length;
        }
    }
    match (parts.is_empty(), seconds < 0) {
        (true, _) => "now".to_owned(),
        (false, true) => format!("in {}", parts.join(" ")),
        (false, false) => format!("{} ago", parts.join(" ")),
    }
}
