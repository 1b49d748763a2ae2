//! Answers what a provider asks for while one of its operations runs.

use backhaul_provider_api::abi::MESSAGE_MAX;
use backhaul_provider_api::message::{Ask, Outcome};
use backhaul_provider_api::{Error, LogLevel};
use serde::Serialize;

use super::border::{parse, shorten};
use super::error::Problem;
use super::exchange::Exchange;
use super::process::one_line;
use super::session::Limits;

/// The asks of one call: answered by the exchange, and counted.
pub struct Asks<'a> {
    provider: &'a str,
    exchange: &'a Exchange,
    limits: &'a Limits,
    exchanges: u32,
    lines: u32,
}

impl<'a> Asks<'a> {
    /// Nothing asked yet.
    pub fn new(provider: &'a str, exchange: &'a Exchange, limits: &'a Limits) -> Self {
        Self {
            provider,
            exchange,
            limits,
            exchanges: 0,
            lines: 0,
        }
    }

    /// The JSON of the answer to one ask.
    ///
    /// # Errors
    /// When the provider asked for more exchanges than a call may.
    pub async fn answer(&mut self, ask: &[u8]) -> Result<Vec<u8>, Problem> {
        match parse::<Ask>(ask) {
            Err(problem) => Ok(reply::<()>(Err(Error::permanent(format!(
                "the host does not understand the question: {problem}"
            ))))),
            Ok(Ask::Now) => Ok(reply(Ok(self.exchange.now()))),
            Ok(Ask::Random(count)) => Ok(reply(random(count))),
            Ok(Ask::Log { level, message }) => {
                self.log(level, &message);
                Ok(reply(Ok(())))
            }
            Ok(Ask::Send(request)) => {
                let limit = self.limits.exchanges;
                if self.exchanges == limit {
                    return Err(Problem::Flood { limit });
                }
                self.exchanges += 1;
                Ok(reply(self.exchange.send(request).await))
            }
        }
    }

    fn log(&mut self, level: LogLevel, message: &str) {
        self.lines = self.lines.saturating_add(1);
        let message = if self.lines <= self.limits.log_lines {
            shorten(&one_line(message), LOG_LINE_MAX)
        } else if self.lines == self.limits.log_lines + 1 {
            "further lines of this call are left out".to_owned()
        } else {
            return;
        };
        let (provider, account) = (self.provider, self.exchange.account());
        match level {
            LogLevel::Warn => {
                tracing::warn!(target: "backhaul::provider", provider, account, "{message}")
            }
            LogLevel::Info => {
                tracing::info!(target: "backhaul::provider", provider, account, "{message}")
            }
            LogLevel::Debug => {
                tracing::debug!(target: "backhaul::provider", provider, account, "{message}")
            }
        }
    }
}

/// The longest line of a provider that is logged, in bytes.
const LOG_LINE_MAX: usize = 1000;

/// The most random bytes of one ask.
const RANDOM_MAX: usize = 1024;

fn random(count: usize) -> Result<Vec<u8>, Error> {
    if count > RANDOM_MAX {
        return Err(Error::permanent("at most 1024 random bytes at once"));
    }
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        filled +=
            rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())
                .map_err(|error| Error::temporary(format!("no randomness: {error}")))?;
    }
    Ok(bytes)
}

/// The outcome as JSON; one that does not fit into a message becomes an error that says so.
fn reply<T: Serialize>(result: Result<T, Error>) -> Vec<u8> {
    let outcome = Outcome::from(result);
    match serde_json::to_vec(&outcome) {
        Ok(bytes) if bytes.len() <= MESSAGE_MAX => bytes,
        _ => {
            br#"{"error":{"class":"permanent","message":"the answer does not fit into a message"}}"#
                .to_vec()
        }
    }
}
