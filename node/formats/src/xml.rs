//! XML as it is written here: well formed whatever stands in a text.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use crate::WriteError;

/// A document that is written.
pub(crate) struct Xml(Writer<Vec<u8>>);

impl Xml {
    pub(crate) fn new() -> Result<Self, WriteError> {
        let mut xml = Self(Writer::new(Vec::new()));
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(xml)
    }

    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), WriteError> {
        self.put(Event::Start(start(name, attributes)))
    }

    pub(crate) fn close(&mut self, name: &str) -> Result<(), WriteError> {
        self.put(Event::End(BytesEnd::new(name)))
    }

    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), WriteError> {
        self.put(Event::Empty(start(name, attributes)))
    }

    /// An element around a text.
    pub(crate) fn text(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> Result<(), WriteError> {
        self.open(name, attributes)?;
        self.put(Event::Text(BytesText::new(&clean(text))))?;
        self.close(name)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.into_inner()
    }

    fn put(&mut self, event: Event<'_>) -> Result<(), WriteError> {
        self.0.write_event(event).map_err(|error| WriteError::Xml(error.to_string()))
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((*name, clean(value).as_str()));
    }
    element
}

/// Without what XML 1.0 has no way to say (section 2.2): control characters and the two that aren't characters.
pub(crate) fn clean(text: &str) -> String {
    let allowed = |sign: char| match sign {
        '\t' | '\n' => sign,
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ if u32::from(sign) < 0x20 => '\u{fffd}',
        _ => sign,
    };
    text.replace("\r\n", "\n").replace('\r', "\n").chars().map(allowed).collect()
}
