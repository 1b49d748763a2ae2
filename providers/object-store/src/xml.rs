//! XML answers as a small tree of elements and texts.
//!
//! quick-xml reads the events; it opens nothing and knows no entity but the five of XML itself
//! and numbered characters, so that no answer can grow by entities or lead elsewhere. A document
//! type, the only place where others could come from, is refused, and so is deep nesting.
//! Attributes and namespaces carry nothing that is needed here.

use quick_xml::Reader;
use quick_xml::events::Event;

/// No answer of S3 nests deeper than five elements.
const DEPTH_MAX: usize = 16;

/// One element: its name without a namespace prefix, its text, its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The local name.
    pub(crate) name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The root element of an answer's body.
    ///
    /// # Errors
    /// What the body is instead, for people.
    pub(crate) fn parse(body: &str) -> Result<Self, &'static str> {
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.is_empty() {
            return Err("empty");
        }
        if !body.starts_with('<') {
            return Err("not XML");
        }
        let lower = body.get(..15).unwrap_or(body).to_ascii_lowercase();
        if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
            return Err("an HTML page instead of XML");
        }
        let mut reader = Reader::from_str(body);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let closed = match reader.read_event().map_err(|_| "broken XML")? {
                Event::Start(start) => {
                    if open.len() >= DEPTH_MAX {
                        return Err("XML that nests too deep");
                    }
                    open.push(Self::named(start.local_name().as_ref()));
                    None
                }
                Event::Empty(start) => Some(Self::named(start.local_name().as_ref())),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    push(&mut open, &text.xml10_content());
                    None
                }
                Event::CData(text) => {
                    push(&mut open, &text.xml10_content());
                    None
                }
                Event::GeneralRef(entity) => {
                    let letter = match &*entity.xml10_content() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => entity
                            .resolve_char_ref()
                            .ok()
                            .flatten()
                            .ok_or("XML with an unknown entity")?,
                    };
                    push(&mut open, letter.encode_utf8(&mut [0; 4]));
                    None
                }
                Event::DocType(_) => return Err("XML with a document type"),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
                Event::Eof => return Err("XML that breaks off"),
            };
            if let Some(closed) = closed {
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    // What follows the root is of no interest.
                    None => return Ok(closed),
                }
            }
        }
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of that name.
    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name, unless it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// The element's own text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn named(name: impl AsRef<str>) -> Self {
        Self {
            name: name.as_ref().to_owned(),
            ..Self::default()
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_found_by_name_whatever_their_order_and_namespace() {
        let root = Element::parse(
            "\u{feff}<?xml version=\"1.0\"?>\n<s3:List xmlns:s3=\"x\"><b/><a>1</a><c k='v'>x</c><a>2</a></s3:List>",
        )
        .unwrap();
        assert_eq!(root.name, "List");
        assert_eq!(root.text_of("a"), Some("1"));
        assert_eq!(root.text_of("b"), None);
        let texts: Vec<_> = root.children("a").map(Element::text).collect();
        assert_eq!(texts, ["1", "2"]);
    }

    #[test]
    fn the_five_entities_and_numbered_characters_are_read_and_no_others() {
        let root = Element::parse("<a><k>a&amp;b&lt;&#x41;&#66;<![CDATA[<&]]></k></a>").unwrap();
        assert_eq!(root.text_of("k"), Some("a&b<AB<&"));
        assert_eq!(
            Element::parse("<a>&lol;</a>"),
            Err("XML with an unknown entity")
        );
    }

    #[test]
    fn hostile_and_foreign_bodies_are_told_by_what_they_are() {
        let deep = "<a>".repeat(100_000);
        for (body, what) in [
            ("", "empty"),
            ("{\"a\":1}", "not XML"),
            (
                "<!DOCTYPE html><html></html>",
                "an HTML page instead of XML",
            ),
            ("<HTML><body>", "an HTML page instead of XML"),
            (
                "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
                "XML with a document type",
            ),
            ("<a><b>1</b>", "XML that breaks off"),
            ("<a></b>", "broken XML"),
            (deep.as_str(), "XML that nests too deep"),
        ] {
            let verdict = Element::parse(body);
            assert_eq!(verdict, Err(what), "{}", &body[..body.len().min(60)]);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_otherwise_than_by_a_verdict(text in "[<>&;a-c/!\\[\\]#\"= \\PC]{0,200}") {
            let _ = Element::parse(&text);
            let _ = Element::parse(&format!("<a>{text}</a>"));
        }
    }
}
