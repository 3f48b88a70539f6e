//! Whether the bytes are a header, objects one behind the other, and one table that names each where it is (ISO 32000-1, section 7.5): then
//! whoever reads them finds the same objects.
//!
//! ```text
//! header ── 1 0 obj … endobj ── 2 0 obj … endobj ── … ── xref ── trailer ── startxref ── %%EOF
//! ```
//! Readers mend what is otherwise, each in its own way; and what was changed stands behind the end, or in streams of objects.

use super::syntax::{only, only_dictionary};

/// Where else objects could be, or readers begin to look: streams of objects, changes, and a table at the beginning.
const ELSEWHERE: [&[u8]; 3] = [b"/ObjStm", b"/XRef", b"/Linearized"];
/// What the trailer says, the first two of it always.
const TRAILER: [&[u8]; 4] = [b"Size", b"Root", b"Info", b"ID"];

/// Bytes of an entry of the table.
const ENTRY: usize = 20;

/// Whether it is so, to the last byte.
pub(super) fn is_of_one_piece(pdf: &[u8]) -> bool {
    of_one_piece(pdf).is_some()
}

fn of_one_piece(pdf: &[u8]) -> Option<()> {
    let rest = pdf.strip_suffix(b"\n").unwrap_or(pdf);
    let rest = rest.strip_suffix(b"\n%%EOF")?;
    let (rest, start) = rest.split_at(rest.iter().rposition(|byte| !byte.is_ascii_digit())? + 1);
    let rest = rest.strip_suffix(b"\nstartxref\n")?;
    let start = number(start)?;
    let (objects, table) = rest.split_at_checked(start)?;
    let table = table.strip_prefix(b"xref\n0 ")?;
    let (count, entries) = table.split_at(table.iter().position(|byte| *byte == b'\n')?);
    let (entries, trailer) = entries[1..].split_at_checked(number(count)?.checked_mul(ENTRY)?)?;
    let trailer = trailer
        .strip_prefix(b"trailer\n")
        .filter(|it| it.ends_with(b">>"))?;
    let trailer = only_dictionary(trailer)?;
    let said = |name: &[u8]| trailer.iter().find(|(it, _)| *it == name);
    let is_trailer = trailer.iter().all(|(name, _)| TRAILER.contains(name))
        && said(b"Root").is_some()
        && said(b"Size").is_some_and(|(_, size)| *size == count);
    (is_trailer && are_objects(objects, entries)?).then_some(())
}

/// Whether these are objects, one behind the other behind the header, and these entries say where.
fn are_objects(objects: &[u8], entries: &[u8]) -> Option<bool> {
    let mut entries = entries.chunks_exact(ENTRY);
    let is_free = entries.next()?.trim_ascii_end() == b"0000000000 65535 f";
    let places = (1..).zip(entries).map(|(object, entry)| {
        let (place, in_use) = entry.split_at(10);
        let is_in_use = in_use.trim_ascii_end() == b" 00000 n";
        is_in_use.then(|| Some((number(place)?, object)))?
    });
    let mut places: Vec<_> = places.collect::<Option<_>>()?;
    places.sort_unstable();
    let header = objects.get(..places.first()?.0)?;
    let ends = places.iter().skip(1).map(|(place, _)| *place);
    let mut all = places
        .iter()
        .zip(ends.chain([objects.len()]))
        .map(|((place, number), end)| Some((*number, objects.get(*place..end)?)));
    let are = all.all(|it| it.is_some_and(|(number, object)| is_object(number, object)));
    Some(is_free && is_header(header) && are)
}

/// The version, and one comment that says that there are bytes beyond ASCII.
fn is_header(header: &[u8]) -> bool {
    header.strip_prefix(b"%PDF-1.7\n").is_some_and(|rest| {
        let comment = rest.trim_ascii_end();
        let is_comment = |byte: &u8| *byte == b'%' || !byte.is_ascii();
        comment.is_empty() || comment[0] == b'%' && comment.iter().all(is_comment)
    })
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
    object.is_some_and(|object| {
        let stream =
            find(object, b"stream\n").filter(|at| object[..*at].trim_ascii_end().ends_with(b">>"));
        match stream {
            Some(at) => is_stream(&object[..at], &object[at + b"stream\n".len()..]).is_some(),
            None => is_here(object) && only(object).is_some(),
        }
    })
}

/// A stream is as long as its dictionary says, itself.
fn is_stream(dictionary: &[u8], data: &[u8]) -> Option<()> {
    let data = data.strip_suffix(b"\nendstream")?;
    let entries = only_dictionary(dictionary)?;
    let (_, length) = entries.iter().find(|(name, _)| *name == b"Length")?;
    let is_so = number(length) == Some(data.len())
        && is_here(dictionary)
        // One reader ends there, another goes on.
        && find(data, b"endstream").is_none();
    is_so.then_some(())
}

fn is_here(object: &[u8]) -> bool {
    ELSEWHERE.iter().all(|name| find(object, name).is_none())
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
        assert!(is_of_one_piece(&changed("%%EOF", "%%EOF\n")));
        // What a string says is no name and no comment.
        let mut titled = objects();
        titled[0] = b"<</Type/Catalog/Pages 2 0 R/T(Shot #1 % /Prev endobj stream)>>".to_vec();
        assert!(is_of_one_piece(&document(&titled)));
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
            ("/Root 1 0 R", "/Root 1 0 R/Prev 1"),
            ("/Root 1 0 R", "/Root 1 0 R/Encrypt 1 0 R"),
            ("/Root 1 0 R", "/Info 1 0 R"),
            ("/Size 4", "/Size 3"),
            ("/Size 4", ""),
            ("/Type/Catalog", "/Linearized 1"),
            ("/Type/Catalog", "/Type/XRef"),
            ("%PDF-1.7\n", "PDF%-1.7\n"),
            ("%PDF-1.7\n", "%PDF-1.7\n%a\r1 0 obj\n"),
            ("%PDF-1.7\n", "%PDF-1.7\n1 0 obj"),
            ("%PDF-1.7\n", "%\n%PDF-1.7\n"),
            ("%%EOF", "%%EOF\n1 0 obj"),
            ("%%EOF", "%%EOF\n\n"),
            ("%%EOF", " %%EOF"),
            ("\nstartxref", "\n\nstartxref"),
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
            b"<<>> 4 0 obj <<>>".to_vec(),
            b"]".to_vec(),
            b"<</Length 3>><<>>stream\nq Q\nendstream".to_vec(),
        ] {
            let mut objects = objects();
            objects[2] = other;
            let told = String::from_utf8_lossy(&objects[2]).into_owned();
            assert!(!is_of_one_piece(&document(&objects)), "{told}");
        }
    }
}
