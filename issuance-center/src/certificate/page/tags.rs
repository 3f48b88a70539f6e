//! The structure of a page for those who hear it (ISO 32000-1, 14.7; PDF/UA-1).
//!
//! ```text
//! StructTreeRoot ─ Document (ja-JP) ─ Element … ─ mark (an MCID of the page's content stream)
//!      └ ParentTree: for each mark, the element it is in
//! ```

use pdf_writer::{
    Chunk, Finish, Rect, Ref, TextStr,
    types::{StructRole, TableHeaderScope},
};

use super::stock::{PAGE, STRUCTURE};

/// What an element is.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    /// The heading of the page, with its text.
    Heading(&'a str),
    Paragraph,
    Table,
    Row,
    HeadOfRow,
    HeadOfColumn,
    Cell,
    /// A symbol: what to say of it, and the number of its frame.
    Figure(&'a str, usize),
    Caption,
    Group,
}

/// A marked part of the content stream: its MCID.
#[derive(Clone, Copy)]
pub(super) struct Mark(pub(super) i32);

/// An element and what is in it.
pub(super) struct Element<'a> {
    role: Role<'a>,
    within: Vec<Node<'a>>,
}

/// What is in an element.
pub(super) enum Node<'a> {
    Element(Element<'a>),
    Mark(Mark),
}

impl<'a> From<Element<'a>> for Node<'a> {
    fn from(element: Element<'a>) -> Self {
        Self::Element(element)
    }
}

impl From<Mark> for Node<'_> {
    fn from(mark: Mark) -> Self {
        Self::Mark(mark)
    }
}

impl<'a> Element<'a> {
    pub(super) fn new(
        role: Role<'a>,
        within: impl IntoIterator<Item = impl Into<Node<'a>>>,
    ) -> Self {
        Self {
            role,
            within: within.into_iter().map(Into::into).collect(),
        }
    }
}

/// Writes the elements of a page with so many marks and symbols in these places; ids are taken from `next` on. Returns the
/// document's element and the array that is the parent tree's entry of the page.
pub(super) fn write(
    chunk: &mut Chunk,
    elements: &[Element<'_>],
    (marks, figures): (i32, &[Rect]),
    next: &mut Ref,
) -> [Ref; 2] {
    let (document, parents) = (next.bump(), next.bump());
    let marks = usize::try_from(marks).expect("marks are counted from 0");
    let mut tree = Tree {
        next,
        figures,
        parents: vec![document; marks],
    };
    let children: Vec<Ref> = elements
        .iter()
        .map(|element| tree.element(chunk, element, document))
        .collect();
    let mut parent = chunk.indirect(parents).array();
    parent.items(&tree.parents);
    parent.finish();
    let mut element = chunk.struct_element(document);
    element.kind(StructRole::Document).parent(STRUCTURE);
    element.lang(TextStr("ja-JP"));
    let mut list = element.children();
    for child in children {
        list.struct_element(child);
    }
    [document, parents]
}

struct Tree<'n> {
    next: &'n mut Ref,
    figures: &'n [Rect],
    /// By mark.
    parents: Vec<Ref>,
}

impl Tree<'_> {
    fn element(&mut self, chunk: &mut Chunk, element: &Element<'_>, parent: Ref) -> Ref {
        let own = self.next.bump();
        let within: Vec<_> = element
            .within
            .iter()
            .map(|node| match node {
                Node::Element(element) => Ok(self.element(chunk, element, own)),
                Node::Mark(Mark(number)) => {
                    let place = usize::try_from(*number).expect("marks are counted from 0");
                    self.parents[place] = own;
                    Err(*number)
                }
            })
            .collect();
        let mut written = chunk.struct_element(own);
        written.parent(parent).page(PAGE);
        match element.role {
            Role::Heading(title) => {
                written.kind(StructRole::H1).title(TextStr(title));
            }
            Role::Paragraph => {
                written.kind(StructRole::P);
            }
            Role::Table => {
                written.kind(StructRole::Table);
            }
            Role::Row => {
                written.kind(StructRole::TR);
            }
            Role::HeadOfRow | Role::HeadOfColumn => {
                let scope = match element.role {
                    Role::HeadOfRow => TableHeaderScope::Row,
                    _ => TableHeaderScope::Column,
                };
                written.kind(StructRole::TH);
                let mut attributes = written.attributes();
                attributes.push().table().scope(scope);
            }
            Role::Cell => {
                written.kind(StructRole::TD);
            }
            Role::Figure(alt, number) => {
                written.kind(StructRole::Figure).alt(TextStr(alt));
                let mut attributes = written.attributes();
                attributes.push().layout().bbox(self.figures[number]);
            }
            Role::Caption => {
                written.kind(StructRole::Caption);
            }
            Role::Group => {
                written.kind(StructRole::Div);
            }
        }
        let mut children = written.children();
        for child in within {
            match child {
                Ok(element) => children.struct_element(element),
                Err(mark) => children.marked_content_id(mark),
            };
        }
        children.finish();
        written.finish();
        own
    }
}
