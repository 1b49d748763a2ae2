//! Digests of the bytes as they arrive.

use backhaul_provider_api::{Checksum, ChecksumAlgorithm};
use sha2::Digest as _;

use crate::content::{Checker, Depth, Finding};
use crate::mirror::file_name::{SafeName, hex};

/// Everything that is computed while bytes arrive: SHA-256 and CRC-64 always, MD5 and SHA-1 (each
/// dearer than SHA-256) only where the vendor gives one, and what the file is.
pub struct Digests {
    sha256: sha2::Sha256,
    crc64: crc_fast::Digest,
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    checker: Checker,
}

/// What the bytes of a whole file came to.
pub struct Digested {
    /// The length in bytes.
    pub length: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// CRC-64/XZ as decimal text.
    pub crc64: String,
    /// Lower-case hex, if it was computed.
    pub md5: Option<String>,
    /// Lower-case hex, if it was computed.
    pub sha1: Option<String>,
    /// What kind of file it is, and whether it is sound.
    pub finding: Finding,
}

impl Digests {
    /// Digests of a file of this name, that can check the given checksums.
    pub fn wanted(name: &SafeName, checksums: &[Checksum]) -> Self {
        let wants = |algorithm| {
            checksums
                .iter()
                .any(|checksum| checksum.algorithm == algorithm)
        };
        Self {
            sha256: sha2::Sha256::new(),
            crc64: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz),
            md5: wants(ChecksumAlgorithm::Md5).then(md5::Md5::new),
            sha1: wants(ChecksumAlgorithm::Sha1).then(sha1::Sha1::new),
            checker: Checker::new(name.as_str(), Depth::Framing),
        }
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.checker.update(bytes);
        self.sha256.update(bytes);
        self.crc64.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
    }

    /// The values over all bytes.
    pub fn finish(self, length: u64) -> Digested {
        Digested {
            length,
            sha256: hex(&self.sha256.finalize()),
            crc64: self.crc64.finalize().to_string(),
            md5: self.md5.map(|md5| hex(&md5.finalize())),
            sha1: self.sha1.map(|sha1| hex(&sha1.finalize())),
            finding: self.checker.finish(length),
        }
    }
}

impl Digested {
    /// The value in a vendor's text form, if it was computed.
    pub fn value(&self, algorithm: ChecksumAlgorithm) -> Option<&str> {
        match algorithm {
            ChecksumAlgorithm::Sha256 => Some(&self.sha256),
            ChecksumAlgorithm::Crc64Xz => Some(&self.crc64),
            ChecksumAlgorithm::Md5 => self.md5.as_deref(),
            ChecksumAlgorithm::Sha1 => self.sha1.as_deref(),
            ChecksumAlgorithm::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Format;

    #[test]
    fn known_values_of_123456789() {
        let wanted = [ChecksumAlgorithm::Md5, ChecksumAlgorithm::Sha1].map(|algorithm| Checksum {
            algorithm,
            value: String::new(),
        });
        let mut digests = Digests::wanted(&SafeName::from_vendor("a"), &wanted);
        digests.update(b"12345");
        digests.update(b"6789");
        let digested = digests.finish(9);
        // CRC-64/XZ check value, as the vendor's page gives it.
        assert_eq!(digested.crc64, "11051210869376104954");
        assert_eq!(
            digested.md5.as_deref(),
            Some("25f9e794323b453885f5181f1b624d0b")
        );
        assert_eq!(
            digested.sha1.as_deref(),
            Some("f7c3bc1d808e04732adf679965ccc34ca7ae3441")
        );
        assert_eq!(
            digested.sha256,
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
        );
        assert_eq!(digested.finding.format, Format::Text);
    }
}
