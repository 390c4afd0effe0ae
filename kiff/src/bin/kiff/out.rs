//! Prints. All text that others wrote passes through here on its way to a terminal.

use super::status::CommandError;
use kiff::replay::Fault;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, line by line.
#[derive(Debug)]
pub(super) struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// Prints one line. No text can break it into two, or move the cursor.
    pub(super) fn line(&mut self, text: &str) -> Result<(), CommandError> {
        writeln!(self.0, "{}", escape(text)).map_err(|error| CommandError::new("standard output", error))
    }

    /// Prints a refusal: a line for programs to compare, and below it the reason for people.
    pub(super) fn refused(&mut self, reason: impl AsRef<str>, detail: &str) -> Result<(), CommandError> {
        self.line(&format!("refused: {}", reason.as_ref()))?;
        self.line(&format!("  {detail}"))
    }

    /// Prints a faulty record in the same form.
    pub(super) fn fault(&mut self, fault: &Fault) -> Result<(), CommandError> {
        self.fault_at(fault.index, &fault.entity, &fault.reason, &fault.detail)
    }

    pub(super) fn fault_at(
        &mut self,
        index: u64,
        entity: &str,
        reason: impl AsRef<str>,
        detail: &str,
    ) -> Result<(), CommandError> {
        // The line must have four words, so a dash stands for an unknown entity.
        let entity = if entity.is_empty() { "-" } else { entity };
        self.line(&format!("fault: {index} {entity} {}", reason.as_ref()))?;
        self.line(&format!("  {detail}"))
    }

    /// Prints text of kiff's own formats byte for byte, for redirection into a file.
    pub(super) fn raw(&mut self, text: &str) -> Result<(), CommandError> {
        self.0.write_all(text.as_bytes()).map_err(|error| CommandError::new("standard output", error))
    }

    pub(super) fn flush(mut self) -> Result<(), CommandError> {
        self.0.flush().map_err(|error| CommandError::new("standard output", error))
    }
}

/// Escapes everything that is not visible ASCII. A log may hold anything that an agent wrote, such as control sequences
/// that clear the screen or fake a line, and characters that reverse the direction of the text.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            // The arrow is part of kiff's own summary of a step.
            ' ' | '\u{2192}' => out.push(c),
            c if c.is_ascii_graphic() => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// Escapes JSON in the same way, with the escapes of JSON strings. Outside of strings JSON is ASCII already.
pub(super) fn escape_json(json: &str) -> String {
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
