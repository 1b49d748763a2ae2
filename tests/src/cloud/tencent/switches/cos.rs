//! Choices about the object store.

/// Choices about the object store.
#[derive(Debug, Clone)]
pub struct CosSwitches {
    /// Form of a link.
    pub link: LinkForm,
    /// Whether the host is signed.
    pub signs_host: bool,
    /// Whether links are made with a temporary key and carry its token.
    pub security_token: bool,
    /// Where the word that gives the reason of a 403 is found.
    pub reason: Reason,
    /// `x-cos-hash-crc64ecma`.
    pub crc64: Crc64,
    /// Whether a link for GET is good for HEAD, though the method is signed.
    pub head_allowed: bool,
    /// Whether `If-Range` is minded. Not documented.
    pub if_range: bool,
    /// What those get whom the restriction of a link keeps out.
    pub kept_out: KeptOut,
}

impl Default for CosSwitches {
    fn default() -> Self {
        Self {
            link: LinkForm::default(),
            signs_host: true,
            security_token: false,
            reason: Reason::default(),
            crc64: Crc64::default(),
            head_allowed: false,
            if_range: false,
            kept_out: KeptOut::default(),
        }
    }
}

/// Form of a link into the object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkForm {
    /// `?q-sign-algorithm=…&q-ak=…`.
    #[default]
    Bare,
    /// All of it inside one parameter: `?sign=q-sign-algorithm%3D…`.
    Wrapped,
}

/// Where the word that gives the reason of a 403 is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// As `Message` under `AccessDenied`, as the page on trouble-shooting prints it.
    #[default]
    InMessage,
    /// As `Code`, as the table of error codes has it.
    InCode,
}

/// `x-cos-hash-crc64ecma` of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crc64 {
    /// That of the whole object, with ranges too.
    #[default]
    Always,
    /// Not with ranges.
    WholeOnly,
    /// Never.
    Absent,
}

/// What those get whom the restriction of a link keeps out. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeptOut {
    /// 403 `AccessDenied`.
    #[default]
    Denied,
    /// A closed connection, as from a host that cannot be reached.
    Unanswered,
}
