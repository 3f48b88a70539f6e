use super::{Random, bytes};

/// Tags that stand somewhere on the card, and two that stand nowhere.
const TAGS: [&[u8]; 22] = [
    &[0xFF, 0x10],
    &[0xFF, 0x20],
    &[0xFF, 0x30],
    &[0xFF, 0x40],
    &[0xFF, 0x50],
    &[0xDF, 0x11],
    &[0xDF, 0x12],
    &[0xDF, 0x13],
    &[0xDF, 0x21],
    &[0xDF, 0x22],
    &[0xDF, 0x25],
    &[0xDF, 0x31],
    &[0xDF, 0x33],
    &[0x7F, 0x21],
    &[0x5F, 0x4E],
    &[0x5F, 0x37],
    &[0x90],
    &[0x91],
    &[0x86],
    &[0x96],
    &[0x00],
    &[0x1F, 0x81],
];

/// Deepest nesting that is taken apart.
const DEPTH: usize = 6;

/// A data object with what is needed to write it again as it stood.
struct Node {
    tag: Vec<u8>,
    /// Bytes after the length's first one: 0 is the short form.
    length_bytes: usize,
    content: Content,
}

enum Content {
    Value(Vec<u8>),
    Nodes(Vec<Node>),
}

/// Changes one data object; all lengths around it fit again. Where these are no data objects, changes bytes.
pub(super) fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    let (mut nodes, filler) = parse(input, 0);
    let count = count(&nodes);
    if count == 0 || random.below(8) == 0 {
        return bytes::mutate(input, random);
    }
    let mut at = random.below(count);
    change(&mut nodes, &mut at, random);
    let mut out = Vec::with_capacity(input.len() + 16);
    write(&nodes, &mut out);
    out.extend_from_slice(&filler);
    *input = out;
}

/// The data objects from the beginning, as far as they go, and what follows them.
fn parse(bytes: &[u8], depth: usize) -> (Vec<Node>, Vec<u8>) {
    let mut nodes = Vec::new();
    let mut rest = bytes;
    while let Some((node, after)) = one(rest, depth) {
        nodes.push(node);
        rest = after;
    }
    (nodes, rest.to_vec())
}

fn one(bytes: &[u8], depth: usize) -> Option<(Node, &[u8])> {
    let tag_length = if bytes.first()? & 0x1F == 0x1F { 2 } else { 1 };
    let (tag, rest) = bytes.split_at_checked(tag_length)?;
    let (first, rest) = rest.split_first()?;
    let length_bytes = match first {
        0x00..=0x7F => 0,
        0x81..=0x84 => usize::from(first & 0x0F),
        _ => return None,
    };
    let (length, rest) = rest.split_at_checked(length_bytes)?;
    let length = if length_bytes == 0 {
        usize::from(*first)
    } else {
        let wide = length.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
        usize::try_from(wide).ok()?
    };
    let (value, rest) = rest.split_at_checked(length)?;
    // Whether the tag says so or not: keys stand as objects in values of primitive ones.
    let content = match parse(value, depth + 1) {
        (nodes, filler) if depth < DEPTH && filler.is_empty() && !nodes.is_empty() => {
            Content::Nodes(nodes)
        }
        _ => Content::Value(value.to_vec()),
    };
    let node = Node {
        tag: tag.to_vec(),
        length_bytes,
        content,
    };
    Some((node, rest))
}

fn count(nodes: &[Node]) -> usize {
    let inner = |node: &Node| match &node.content {
        Content::Nodes(nodes) => count(nodes),
        Content::Value(_) => 0,
    };
    nodes.iter().map(|node| 1 + inner(node)).sum()
}

/// Finds the node at this place, counted through all levels, and changes it there.
fn change(nodes: &mut Vec<Node>, at: &mut usize, random: &mut Random) -> bool {
    for index in 0..nodes.len() {
        if *at == 0 {
            change_here(nodes, index, random);
            return true;
        }
        *at -= 1;
        if let Content::Nodes(inner) = &mut nodes[index].content
            && change(inner, at, random)
        {
            return true;
        }
    }
    false
}

fn change_here(nodes: &mut Vec<Node>, index: usize, random: &mut Random) {
    match random.below(8) {
        0 => {
            nodes.remove(index);
        }
        1 => {
            let other = random.below(nodes.len());
            nodes.swap(index, other);
        }
        2 => nodes[index].length_bytes = random.below(5),
        3 => nodes[index].tag = random.choose(&TAGS).map_or(Vec::new(), |tag| tag.to_vec()),
        4 => {
            let tag = random.choose(&TAGS).map_or(Vec::new(), |tag| tag.to_vec());
            let content = Content::Value(Vec::new());
            let node = Node {
                tag,
                length_bytes: random.below(3),
                content,
            };
            nodes.insert(index, node);
        }
        _ => {
            let mut value = Vec::new();
            match &nodes[index].content {
                Content::Value(bytes) => value.extend_from_slice(bytes),
                Content::Nodes(inner) => write(inner, &mut value),
            }
            bytes::mutate(&mut value, random);
            nodes[index].content = Content::Value(value);
        }
    }
}

fn write(nodes: &[Node], out: &mut Vec<u8>) {
    for node in nodes {
        let mut value = Vec::new();
        let bytes = match &node.content {
            Content::Value(bytes) => bytes,
            Content::Nodes(inner) => {
                write(inner, &mut value);
                &value
            }
        };
        out.extend_from_slice(&node.tag);
        write_length(bytes.len(), node.length_bytes, out);
        out.extend_from_slice(bytes);
    }
}

/// In as many bytes as asked for, or more where that is too few.
fn write_length(length: usize, wanted: usize, out: &mut Vec<u8>) {
    let big_endian = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let needed = match length {
        0..=0x7F => 0,
        0x80..=0xFF => 1,
        0x100..=0xFFFF => 2,
        _ => 4,
    };
    match wanted.max(needed) {
        0 => out.push(big_endian[3]),
        bytes => {
            let length = &big_endian[4 - bytes.min(4)..];
            out.push([0x81, 0x82, 0x83, 0x84][length.len() - 1]);
            out.extend_from_slice(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for seed in crate::seeds::card_files() {
            let (nodes, filler) = parse(&seed, 0);
            let mut out = Vec::new();
            write(&nodes, &mut out);
            out.extend_from_slice(&filler);
            assert_eq!(out, seed);
            assert!(count(&nodes) >= 1);
        }
    }
}
