//! Bytes attached to JSON: a page of a hundred kilobytes would be a third longer as text, and read letter by letter.
//!
//! ```text
//! body = length of the JSON (u32 BE) ‖ JSON ‖ bytes
//! ```

/// Of the length.
const HEAD: usize = 4;

/// JSON with bytes attached. Nothing where the JSON is as long as no JSON of ours.
#[must_use]
pub fn attach(json: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(json.len()).ok()?;
    // All of it at once: what has to move leaves a copy.
    let mut body = Vec::with_capacity(HEAD + json.len() + bytes.len());
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(json);
    body.extend_from_slice(bytes);
    Some(body)
}

/// JSON and bytes of a body, if it is one.
#[must_use]
pub fn detach(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<HEAD>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_is_detached() {
        for (json, bytes) in [(&b"{}"[..], &b"page"[..]), (b"[1,2]", b""), (b"", b"")] {
            let body = attach(json, bytes).unwrap();
            assert_eq!(detach(&body), Some((json, bytes)));
        }
        assert_eq!(attach(b"{}", b"page").unwrap(), b"\0\0\0\x02{}page");
    }

    #[test]
    fn a_body_that_ends_early_is_none() {
        for body in [&b""[..], b"\0\0\0", b"\0\0\0\x03{}", b"\xff\xff\xff\xff{}"] {
            assert_eq!(detach(body), None);
        }
    }
}
