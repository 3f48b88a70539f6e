//! JSON into memory that is wiped, growth included.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

const FIRST: usize = 4096;

/// Serialises; what had to move when it grew is wiped as well.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut writer = Writer(Zeroizing::new(Vec::with_capacity(FIRST)));
    serde_json::to_writer(&mut writer, value)?;
    Ok(writer.0)
}

struct Writer(Zeroizing<Vec<u8>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            // What one large text needs is not doubled: all of it is wiped.
            let room = self.0.capacity().saturating_mul(2);
            let mut larger = Vec::with_capacity(room.max(needed.saturating_add(FIRST)));
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn growth_keeps_every_byte() {
        let value: Vec<String> = (0..5000).map(|n| format!("文字 \"{n}\"")).collect();
        let written = super::write(&value).unwrap();
        assert_eq!(*written, serde_json::to_vec(&value).unwrap());
    }
}
