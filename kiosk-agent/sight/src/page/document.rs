//! Whether the bytes are a header, objects one behind the other, and one table that names each where it is (ISO 32000-1, section 7.5): then
//! whoever reads them finds the same objects.
//!
//! ```text
//! header ── 1 0 obj … endobj ── 2 0 obj … endobj ── … ── xref ── trailer ── startxref ── %%EOF
//! ```
//! Readers mend what is otherwise, each in its own way; and what was changed stands behind the end, or in streams of objects.

/// What nothing but streams and tables of objects, changes and encryption are named by, and what can write a name in another way.
const ELSEWHERE: [&[u8]; 6] = [
    b"#",
    b"/ObjStm",
    b"/XRef",
    b"/XRefStm",
    b"/Prev",
    b"/Encrypt",
];

/// Bytes of an entry of the table.
const ENTRY: usize = 20;

/// Whether it is so, to the last byte.
pub(super) fn is_of_one_piece(pdf: &[u8]) -> bool {
    of_one_piece(pdf).is_some()
}

fn of_one_piece(pdf: &[u8]) -> Option<()> {
    let rest = pdf.trim_ascii_end().strip_suffix(b"%%EOF")?;
    let rest = rest.trim_ascii_end();
    let (rest, start) = rest.split_at(rest.iter().rposition(|byte| !byte.is_ascii_digit())? + 1);
    let (objects, table) = pdf.split_at_checked(number(start)?)?;
    let table = &table[..rest.len().checked_sub(objects.len())?];
    let table = table.trim_ascii_end().strip_suffix(b"startxref")?;
    let table = table.strip_prefix(b"xref\n0 ")?;
    let (count, entries) = table.split_at(table.iter().position(|byte| *byte == b'\n')?);
    let (entries, trailer) = entries[1..].split_at_checked(number(count)?.checked_mul(ENTRY)?)?;
    let trailer = trailer.trim_ascii().strip_prefix(b"trailer")?;
    let mut entries = entries.chunks_exact(ENTRY);
    let is_free = entries.next()?.trim_ascii_end() == b"0000000000 65535 f";
    if !is_free || !is_dictionary(trailer) {
        return None;
    }
    let mut places = Vec::new();
    for (object, entry) in (1..).zip(entries) {
        let (place, in_use) = entry.split_at(10);
        if in_use.trim_ascii_end() != b" 00000 n" {
            return None;
        }
        places.push((number(place)?, object));
    }
    places.sort_unstable();
    let header = objects.get(..places.first()?.0)?;
    let is_header = |line: &[u8]| line.is_empty() || line.starts_with(b"%");
    let ends = places.iter().skip(1).map(|(place, _)| *place);
    let mut objects = places
        .iter()
        .zip(ends.chain([objects.len()]))
        .map(|((place, number), end)| Some((*number, objects.get(*place..end)?)));
    (header.split(|byte| *byte == b'\n').all(is_header)
        && objects.all(|it| it.is_some_and(|(number, object)| is_object(number, object))))
    .then_some(())
}

fn number(digits: &[u8]) -> Option<usize> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits).ok()?;
    is_number.then(|| digits.parse().ok())?
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|it| it == word)
}

/// Whether it is one, and nothing lies between it and the next.
fn is_object(number: u32, object: &[u8]) -> bool {
    let object = object.strip_prefix(format!("{number} 0 obj\n").as_bytes());
    let object = object.and_then(|it| it.trim_ascii_end().strip_suffix(b"\nendobj"));
    object.is_some_and(|object| match find(object, b"stream\n") {
        Some(at) => {
            let (dictionary, data) = (&object[..at], &object[at + b"stream\n".len()..]);
            let data = data.strip_suffix(b"\nendstream");
            is_dictionary(dictionary)
                && data.is_some_and(|data| {
                    length(dictionary) == Some(data.len()) && find(data, b"endstream").is_none()
                })
        }
        None => is_plain(object),
    })
}

/// As a stream's dictionary tells it, itself and once.
fn length(dictionary: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"/Length ";
    let rest = &dictionary[find(dictionary, LENGTH)? + LENGTH.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (length, rest) = rest.split_at(digits);
    let is_direct = rest.trim_ascii_start().starts_with(b"/") || rest.trim_ascii() == b">>";
    let is_only = find(rest, b"/Length").is_none();
    (is_direct && is_only).then(|| number(length))?
}

fn is_dictionary(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    bytes.starts_with(b"<<") && bytes.ends_with(b">>") && is_plain(bytes)
}

/// Whether it names no objects that would be elsewhere, and holds no other's end. Of a comment no reader of ours says what it is.
fn is_plain(object: &[u8]) -> bool {
    let words = ELSEWHERE
        .into_iter()
        .chain([&b"endobj"[..], b"stream", b"%"]);
    words.into_iter().all(|word| find(object, word).is_none())
}

#[cfg(test)]
mod tests {
    use dev_pages::{document, stream};

    use super::*;

    fn objects() -> Vec<Vec<u8>> {
        vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            b"<</Type/Pages/Kids[]/Count 0>>".to_vec(),
            stream("", b"q Q"),
        ]
    }

    /// A document with other objects, or other bytes.
    fn changed(from: &str, to: &str) -> Vec<u8> {
        let pdf = document(&objects());
        let at = find(&pdf, from.as_bytes()).unwrap();
        let (before, after) = pdf.split_at(at);
        [before, to.as_bytes(), &after[from.len()..]].concat()
    }

    #[test]
    fn a_document_is_objects_and_their_table() {
        assert!(is_of_one_piece(&document(&objects())));
        assert!(is_of_one_piece(&dev_pages::page(&["a"])));
        for (from, to) in [
            ("1 0 obj", "1 1 obj"),
            ("2 0 obj", "9 0 obj"),
            ("/Length 3", "/Length 2"),
            ("/Length 3", "/L#65ngth 3"),
            ("/Count 0", "/#20unt 0"),
            ("/Count 0", "%ount 0"),
            ("0000000000 65535 f", "0000000001 65535 f"),
            ("0000000009 00000 n", "0000000009 00001 n"),
            ("0000000009 00000 n", "0000000010 00000 n"),
            ("xref\n0 4", "xref\n0 3"),
            ("xref\n0 4", "xref\n1 4"),
            ("/Root 1 0 R", "/Prev 1 0 R"),
            ("%PDF-1.7", "PDF%-1.7"),
            ("%%EOF", "%%EOF\n1 0 obj"),
        ] {
            assert!(!is_of_one_piece(&changed(from, to)), "{from} {to}");
        }
    }

    #[test]
    fn an_object_ends_where_the_next_begins() {
        for other in [
            stream("", b"q\nendstream\nendobj\nQ"),
            stream("/Type/ObjStm", b""),
            b"<</Length 3/Length 4>>stream\nq Q\nendstream".to_vec(),
            b"<</Length 4 0 R>>stream\nq Q\nendstream".to_vec(),
            b"<<>>\nendobj\n4 0 obj\n<<>>".to_vec(),
            b"<<>> % <<".to_vec(),
        ] {
            let mut objects = objects();
            objects[2] = other;
            let told = String::from_utf8_lossy(&objects[2]).into_owned();
            assert!(!is_of_one_piece(&document(&objects)), "{told}");
        }
    }
}
