use std::fmt;

use crate::file::MAX_FILE;
use crate::private::Private;
use crate::tlv::announced_length;

/// The certificate for authentication and that of its CA, DER, as they stood on the card, filler taken
/// away. Nothing vouches for them yet.
///
/// The certificate carries no name and no address, and its serial number and subject tell one holder
/// from all others: it is wiped on drop and never printed.
#[derive(PartialEq, Eq)]
pub struct Certificates {
    holder: Private<Vec<u8>>,
    ca: Vec<u8>,
}

impl Certificates {
    /// Of these two.
    #[must_use]
    pub fn new(holder: &[u8], ca: &[u8]) -> Self {
        Self {
            holder: Private::new(holder.to_vec()),
            ca: ca.to_vec(),
        }
    }

    /// Of the two files, each of which may have filler after its certificate.
    #[must_use]
    pub fn of_files(holder: &[u8], ca: &[u8]) -> Self {
        let whole = |file: &[u8]| {
            let length = announced_length(file, MAX_FILE).ok();
            length.map_or(file.len(), |length| length.min(file.len()))
        };
        Self::new(&holder[..whole(holder)], &ca[..whole(ca)])
    }

    /// The holder's certificate (EF 000A), DER.
    #[must_use]
    pub fn holder(&self) -> &[u8] {
        self.holder.expose()
    }

    /// Its CA's certificate (EF 000B), DER.
    #[must_use]
    pub fn ca(&self) -> &[u8] {
        &self.ca
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates(..)")
    }
}
