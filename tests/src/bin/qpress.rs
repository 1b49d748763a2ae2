//! `qpress -dio`: decompresses standard input to standard output. Stands in for the program of that
//! name, which backup tools call and few distributions have, so that guides can be followed to
//! the letter.

use std::io::{self, Read, Write};

use backhaul_tests::restore::mariadb::qpress::decode;

fn main() -> io::Result<()> {
    let mut packed = Vec::new();
    io::stdin().read_to_end(&mut packed)?;
    let plain = decode(&packed).map_err(io::Error::other)?;
    io::stdout().write_all(&plain)
}
