//! Walking along the framing of a file whose bytes arrive in pieces of any size.
//!
//! A format is a [`Walk`]: it says what it wants next, and is shown just that. What lies between
//! two headers is passed over without being looked at, so the cost is that of the headers. The
//! [`Walker`] does the cutting and joining of pieces, once for all formats; that is why no format
//! can depend on how a file was cut.

use crate::mirror::manifest::Content;

/// The most that a walk may want in one piece; the only bound on memory that a file can move.
pub(super) const TAKE_MAX: usize = 128 << 10;

/// What a walk wants next: to pass over some bytes, and then this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    skip: u64,
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    /// So many bytes, in one piece.
    Take(usize),
    /// Whatever comes, piece by piece.
    Feed,
}

impl Want {
    /// So many bytes (1 to [`TAKE_MAX`]) in one piece.
    pub(super) fn take(bytes: usize) -> Self {
        Self {
            skip: 0,
            then: Then::Take(bytes.clamp(1, TAKE_MAX)),
        }
    }

    /// The bytes as they come.
    pub(super) fn feed() -> Self {
        Self {
            skip: 0,
            then: Then::Feed,
        }
    }

    /// The same, after passing over so many bytes.
    pub(super) fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }
}

/// What a walk did with bytes it was fed.
pub(super) enum Fed {
    /// They were all its own, and it wants more of them.
    All,
    /// So many of them were its own; then it wants something else.
    Until(usize, Want),
}

/// How the walk goes on, or what is already certain about the file.
pub(super) type Step<T> = Result<T, Content>;

/// Follows one format's framing.
pub(super) trait Walk: Send {
    /// What it wants first.
    fn begin(&self) -> Want;

    /// Takes the piece it wanted, which lies at `at`.
    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want>;

    /// Takes some of the bytes it wanted to be fed; they lie at `at` and are never none.
    fn feed(&mut self, _at: u64, _bytes: &[u8]) -> Step<Fed> {
        Ok(Fed::All)
    }

    /// What it makes of the file's end.
    fn end(&mut self, end: &End<'_>) -> Content;
}

/// How a file ended, seen from what its walk wanted last.
pub(super) struct End<'a> {
    /// The file's length.
    pub length: u64,
    /// How many of the bytes that were to be passed over are missing.
    pub missing: u64,
    /// What there is of the piece that was wanted.
    pub part: &'a [u8],
}

impl End<'_> {
    /// Whether the file ends where the wanted piece would begin.
    pub(super) fn is_border(&self) -> bool {
        self.missing == 0 && self.part.is_empty()
    }

    /// The verdict that the file ends in the middle of something.
    pub(super) fn cut(&self, what: &str) -> Content {
        let missing = match self.missing {
            0 => String::new(),
            missing => format!(", {missing} bytes before its end"),
        };
        Content::Bad {
            reason: format!(
                "it is cut: it ends at byte {} within {what}{missing}",
                self.length
            ),
        }
    }
}

/// The verdict that something at `at` is wrong.
pub(super) fn bad(at: u64, what: impl std::fmt::Display) -> Content {
    Content::Bad {
        reason: format!("at byte {at}: {what}"),
    }
}

/// The verdict that nobody can say.
pub(super) fn cannot_tell(reason: impl Into<String>) -> Content {
    Content::CannotTell {
        reason: reason.into(),
    }
}

/// A number of at most eight bytes, the lowest first.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A walk under way.
pub(super) struct Walker {
    walk: Box<dyn Walk>,
    want: Want,
    at: u64,
    held: Vec<u8>,
    settled: Option<Content>,
}

impl Walker {
    pub(super) fn new(walk: Box<dyn Walk>) -> Self {
        Self {
            want: walk.begin(),
            walk,
            at: 0,
            held: Vec::new(),
            settled: None,
        }
    }

    /// Takes the next bytes of the file.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while self.settled.is_none() && !bytes.is_empty() {
            match self.advance(bytes) {
                Ok(used) => bytes = &bytes[used..],
                Err(content) => {
                    self.held = Vec::new();
                    self.settled = Some(content);
                }
            }
        }
    }

    /// Whether the verdict stands, whatever follows.
    pub(super) fn settled(&self) -> Option<&Content> {
        self.settled.as_ref()
    }

    /// The verdict on a file of this length.
    pub(super) fn finish(mut self, length: u64) -> Content {
        let end = End {
            length,
            missing: self.want.skip,
            part: &self.held,
        };
        match self.settled {
            Some(content) => content,
            None => self.walk.end(&end),
        }
    }

    /// One step; says how many of the bytes it used.
    fn advance(&mut self, bytes: &[u8]) -> Step<usize> {
        if self.want.skip > 0 {
            let skip = self.want.skip.min(bytes.len() as u64);
            self.want.skip -= skip;
            self.at += skip;
            // Never more than `bytes.len()`.
            return Ok(usize::try_from(skip).unwrap_or(bytes.len()));
        }
        match self.want.then {
            Then::Take(length) if self.held.is_empty() && bytes.len() >= length => {
                self.want = self.walk.take(self.at, &bytes[..length])?;
                self.at += length as u64;
                Ok(length)
            }
            Then::Take(length) => {
                let used = (length - self.held.len()).min(bytes.len());
                self.held.extend_from_slice(&bytes[..used]);
                if self.held.len() == length {
                    self.want = self.walk.take(self.at, &self.held)?;
                    self.at += length as u64;
                    self.held.clear();
                }
                Ok(used)
            }
            Then::Feed => match self.walk.feed(self.at, bytes)? {
                Fed::All => {
                    self.at += bytes.len() as u64;
                    Ok(bytes.len())
                }
                Fed::Until(used, want) => {
                    self.want = want;
                    self.at += used as u64;
                    Ok(used)
                }
            },
        }
    }
}

/// The last bytes of a file, at least so many as were asked for.
pub(super) struct Tail {
    wanted: usize,
    bytes: Vec<u8>,
}

impl Tail {
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            bytes: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() >= self.wanted {
            self.bytes.clear();
            self.bytes
                .extend_from_slice(&bytes[bytes.len() - self.wanted..]);
            return;
        }
        // Old bytes are dropped only when as many have gathered as are wanted, so that small
        // pieces do not move everything each time.
        if self.bytes.len() + bytes.len() > 2 * self.wanted {
            self.bytes.drain(..self.bytes.len() - self.wanted);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The last bytes: as many as were wanted, or the whole file.
    pub(super) fn last(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(self.wanted)..]
    }
}
