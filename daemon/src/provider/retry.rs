//! Trying again: what the class of a provider's failure means for the same operation.
//!
//! Throttled pauses the whole account; temporary failures back off with jitter; everything else
//! is handed on at once. A wrong clock never arrives here uncorrected: the session has put it
//! right and tried again by itself.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

use super::account_limits::AccountLimits;
use super::error::{ProviderError, Retry};

/// How often and how patiently to try again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How many tries in all.
    pub tries: u32,
    /// The first wait; each further one is twice as long, plus jitter.
    pub first_wait: Duration,
    /// The longest wait before jitter.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// Why an operation was given up.
#[derive(Debug, thiserror::Error)]
pub enum GaveUp {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// It failed, for the last time.
    #[error(transparent)]
    Failed(#[from] ProviderError),
}

impl RetryPolicy {
    /// Begins the tries of one operation.
    pub fn begin<'a>(
        &self,
        account: &'a AccountLimits,
        cancel: &'a CancellationToken,
    ) -> Tries<'a> {
        let waits = ExponentialBuilder::new()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.tries.saturating_sub(1) as usize)
            .with_jitter()
            .build();
        Tries {
            account,
            cancel,
            waits,
        }
    }
}

/// The tries of one operation. Not a function over closures, because async closures that borrow
/// cannot yet be shown to be `Send`; the caller loops:
///
/// ```ignore
/// loop {
///     if let Some(value) = tries.attempt(operation()).await? {
///         return Ok(value);
///     }
/// }
/// ```
pub struct Tries<'a> {
    account: &'a AccountLimits,
    cancel: &'a CancellationToken,
    waits: ExponentialBackoff,
}

impl Tries<'_> {
    /// Makes one try. `None` says that it failed and that the wait before the next one is over.
    /// Cancelling ends the wait as well as the running try.
    ///
    /// # Errors
    /// The last failure, or that it was cancelled.
    pub async fn attempt<T>(
        &mut self,
        operation: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Option<T>, GaveUp> {
        let error = match self.cancel.run_until_cancelled(operation).await {
            None => return Err(GaveUp::Cancelled),
            Some(Ok(value)) => return Ok(Some(value)),
            Some(Err(error)) => error,
        };
        let retry = error.retry();
        let (Retry::BackOff | Retry::PauseAccount { .. }, Some(wait)) = (retry, self.waits.next())
        else {
            return Err(error.into());
        };
        let wait = match retry {
            Retry::PauseAccount { after } => {
                let pause = wait.max(after.unwrap_or_default());
                self.account.pause_for(pause);
                pause
            }
            _ => wait,
        };
        tracing::debug!(%error, wait_s = wait.as_secs_f32(), "trying again");
        let waited = self.cancel.run_until_cancelled(tokio::time::sleep(wait));
        waited.await.map(|()| None).ok_or(GaveUp::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::{Error, ErrorClass, Seconds};
    use tokio::time::Instant;

    use super::*;

    async fn all_tries<T>(
        account: &AccountLimits,
        cancel: &CancellationToken,
        mut operation: impl AsyncFnMut() -> Result<T, ProviderError>,
    ) -> Result<T, GaveUp> {
        let mut tries = RetryPolicy::default().begin(account, cancel);
        loop {
            if let Some(value) = tries.attempt(operation()).await? {
                return Ok(value);
            }
        }
    }

    fn failure(class: ErrorClass) -> ProviderError {
        ProviderError::Reported {
            provider: "fault".to_owned(),
            during: "list",
            error: Error::new(class, "no"),
        }
    }

    async fn run(classes: &[ErrorClass]) -> (Result<u32, GaveUp>, u32, Duration) {
        let start = Instant::now();
        let mut tries = 0;
        let result = all_tries(
            &AccountLimits::new(&[]),
            &CancellationToken::new(),
            async || {
                tries += 1;
                match classes.get(tries as usize - 1) {
                    Some(class) => Err(failure(class.clone())),
                    None => Ok(tries),
                }
            },
        )
        .await;
        (result, tries, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_temporary_failure_is_tried_again_with_growing_waits() {
        let (result, tries, took) = run(&[ErrorClass::Temporary, ErrorClass::Temporary]).await;
        assert!(result.is_ok());
        assert_eq!(tries, 3);
        assert!(took >= Duration::from_secs(3), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn tries_are_bounded() {
        let (result, tries, _) = run(&vec![ErrorClass::Temporary; 99]).await;
        assert!(matches!(result, Err(GaveUp::Failed(_))));
        assert_eq!(tries, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn other_classes_are_handed_on_at_once() {
        for class in [
            ErrorClass::Permanent,
            ErrorClass::AuthFailed,
            ErrorClass::ClockSkew,
            ErrorClass::NotReady { after: None },
            ErrorClass::Gone,
        ] {
            let (result, tries, took) = run(&[class]).await;
            assert!(result.is_err());
            assert_eq!((tries, took), (1, Duration::ZERO));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_waits_as_long_as_the_vendor_asks_and_pauses_the_account() {
        let account = AccountLimits::new(&[]);
        let start = Instant::now();
        let mut first = true;
        let result = all_tries(&account, &CancellationToken::new(), async || {
            if std::mem::take(&mut first) {
                let after = Some(Seconds(90));
                return Err(failure(ErrorClass::Throttled { after }));
            }
            account.ready("List").await;
            Ok(start.elapsed())
        })
        .await;
        assert!(result.unwrap() >= Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_ends_a_wait() {
        let cancel = CancellationToken::new();
        let start = Instant::now();
        let stopping = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            stopping.cancel();
        });
        let result: Result<(), _> = all_tries(&AccountLimits::new(&[]), &cancel, async || {
            Err(failure(ErrorClass::Temporary))
        })
        .await;
        assert!(matches!(result, Err(GaveUp::Cancelled)));
        assert!(start.elapsed() < Duration::from_millis(20));
    }
}
