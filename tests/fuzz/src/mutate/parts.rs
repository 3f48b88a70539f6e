use super::{Random, bytes, tlv};

/// Commands and answers that lead somewhere.
const KNOWN: [&[u8]; 16] = [
    b"\x00\xA4\x04\x0C\x0A\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x08",
    b"\x00\xA4\x04\x0C\x0A\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02",
    b"\x00\xA4\x04\x0C\x0A\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00",
    b"\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01",
    b"\x00\xA4\x04\x0C\x07\xA0\x00\x00\x01\x51\x00\x00",
    b"\x00\x20\x00\x91\x041234",
    b"\x00\x20\x00\x91\x040000",
    b"\x00\x20\x00\x91",
    b"\x00\xB0\x82\x00\x00\x00\x00",
    b"\x00\xB0\x00\x00\x00",
    b"\x90\x00",
    b"\x63\xC3",
    b"\x63\xC1",
    b"\x69\x84",
    b"\x6A\x82",
    b"\x67\x00",
];

/// Takes apart what [`join`] put together; a last part without its length is taken as it stands.
pub(crate) fn split(input: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = input;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (part, after) = after.split_at(length);
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// Each part behind its length.
pub(crate) fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        put(part, &mut out);
    }
    out
}

fn put(part: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&part[..usize::from(length)]);
}

/// Changes, removes, repeats, exchanges or adds a part.
pub(super) fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    let mut parts = split(input);
    let at = random.below(parts.len());
    match random.below(8) {
        0 if !parts.is_empty() => {
            parts.remove(at);
        }
        1 if !parts.is_empty() => parts.insert(at, parts[at].clone()),
        2 if !parts.is_empty() => {
            let other = random.below(parts.len());
            parts.swap(at, other);
        }
        3 | 4 if !parts.is_empty() => {
            // An answer's data objects: what is before its status word.
            let kept = parts[at].len().saturating_sub(2);
            let mut end = parts[at].split_off(kept);
            tlv::mutate(&mut parts[at], random);
            parts[at].append(&mut end);
        }
        5 | 6 if !parts.is_empty() => bytes::mutate(&mut parts[at], random),
        _ => parts.insert(
            at,
            random
                .choose(&KNOWN)
                .map_or(Vec::new(), |known| known.to_vec()),
        ),
    }
    *input = join(&parts);
}

/// The parts of evidence: how long they are, or that they say so themselves.
const EVIDENCE: [Option<usize>; 11] = [
    Some(1),
    None,
    None,
    None,
    None,
    None,
    Some(256),
    Some(1),
    None,
    None,
    Some(256),
];

/// Changes one file or field of evidence; the lengths before the files fit again.
pub(super) fn mutate_evidence(input: &mut Vec<u8>, random: &mut Random) {
    let mut parts: Vec<(bool, Vec<u8>)> = Vec::new();
    let mut rest = &input[..];
    for part in EVIDENCE {
        let (length, after) = match (part, rest.split_first_chunk::<2>()) {
            (Some(length), _) => (length, rest),
            (None, Some((length, after))) => (usize::from(u16::from_be_bytes(*length)), after),
            (None, None) => break,
        };
        let Some((bytes, after)) = after.split_at_checked(length) else {
            break;
        };
        parts.push((part.is_none(), bytes.to_vec()));
        rest = after;
    }
    let Some((is_file, part)) = ({
        let at = random.below(parts.len());
        parts.get_mut(at)
    }) else {
        return bytes::mutate(input, random);
    };
    if *is_file {
        tlv::mutate(part, random);
    } else {
        bytes::mutate(part, random);
    }
    let mut out = Vec::with_capacity(input.len() + 16);
    for (is_file, part) in &parts {
        if *is_file {
            put(part, &mut out);
        } else {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(rest);
    *input = out;
}
