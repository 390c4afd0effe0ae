//! Printing: the one door through which text that others wrote reaches a terminal.

use super::files::Trouble;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, line by line.
#[derive(Debug)]
pub(super) struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One line. Whatever is in the text, it stays one line, and moves no cursor.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Trouble> {
        writeln!(self.0, "{}", shown(text)).map_err(|error| Trouble::of("standard output", error))
    }

    /// What was refused, as a line that a program can compare, and below it why, for people.
    pub(super) fn refused(&mut self, reason: impl AsRef<str>, detail: &str) -> Result<(), Trouble> {
        self.line(&format!("refused: {}", reason.as_ref()))?;
        self.line(&format!("  {detail}"))
    }

    /// A record that does not hold, in the same form.
    pub(super) fn fault(
        &mut self,
        index: u64,
        entity: &str,
        reason: impl AsRef<str>,
        detail: &str,
    ) -> Result<(), Trouble> {
        // A word stands for the entity in any case, so that the words can be counted.
        let entity = if entity.is_empty() { "-" } else { entity };
        self.line(&format!("fault: {index} {entity} {}", reason.as_ref()))?;
        self.line(&format!("  {detail}"))
    }

    /// A text of kiff's own formats, byte for byte: for what goes into a file.
    pub(super) fn raw(&mut self, text: &str) -> Result<(), Trouble> {
        self.0.write_all(text.as_bytes()).map_err(|error| Trouble::of("standard output", error))
    }

    pub(super) fn flush(mut self) -> Result<(), Trouble> {
        self.0.flush().map_err(|error| Trouble::of("standard output", error))
    }
}

/// The text in visible ASCII. A log may hold anything that an agent wrote: escapes that clear the screen or fake a
/// line, and characters that turn the order of others round.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            // The arrow of a step is kiff's own.
            ' ' | '\u{2192}' => out.push(c),
            c if c.is_ascii_graphic() => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// The same for JSON, whose strings have escapes of their own. Outside of strings JSON is ASCII.
pub(super) fn shown_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}
