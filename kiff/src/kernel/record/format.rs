//! Formats of records: the newest, and how an older one is read as if it were the newest.
//!
//! There is one format so far. When a second comes, its word becomes [`NEWEST`] and the way from the first
//! one is the first of [`STEPS`]. Whatever a step makes of a record, the record's bytes and hash stay those
//! that are stored: a step changes what is read, never what is.

use super::error::{RecordError, missing};
use crate::value::{Object, Value};

/// The format that is written.
pub(super) const NEWEST: &str = "kiff-record/1";

/// The way from each older format to the one after it, oldest first.
pub(super) const STEPS: &[Step] = &[];

/// The way from one format to the one after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The older format's word.
    pub(super) from: &'static str,
    /// Makes a record of the next format of one of this format: envelope and body, without the member `format`.
    pub(super) next: fn(Object) -> Result<Object, RecordError>,
}

/// A record of any known format as one of the newest, without the member `format`.
pub(super) fn newest(mut object: Object, steps: &[Step]) -> Result<Object, RecordError> {
    let Some(Value::String(format)) = object.remove("format") else { return Err(missing("format")) };
    if format == NEWEST {
        return Ok(object);
    }
    let first = steps.iter().position(|step| step.from == format).ok_or(RecordError::UnknownFormat { format })?;
    steps.iter().skip(first).try_fold(object, |object, step| (step.next)(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            digest::Digest,
            ids::{EntityRef, TenantId},
        },
        kernel::{
            record::{Head, Record, RecordBytes},
            view::{View, fold},
        },
    };

    /// Two formats that never were: the first called the kind `what`, the second had times without a fraction.
    const OLD: &[Step] = &[
        Step { from: "kiff-record/0.8", next: rename_the_kind },
        Step { from: "kiff-record/0.9", next: give_a_fraction },
    ];

    fn rename_the_kind(mut object: Object) -> Result<Object, RecordError> {
        let kind = object.remove("what").ok_or_else(|| missing("what"))?;
        object.insert("kind", kind);
        Ok(object)
    }

    fn give_a_fraction(mut object: Object) -> Result<Object, RecordError> {
        let Some(Value::String(time)) = object.remove("recorded_at") else { return Err(missing("recorded_at")) };
        object.insert("recorded_at", time.replace('Z', ".000Z"));
        Ok(object)
    }

    #[test]
    fn an_old_record_is_read_as_the_newest_and_keeps_its_bytes() {
        let newest = text("kiff-record/1", "kind", "2026-05-24T09:00:00.000Z", Digest::ZERO);
        let (oldest, older) = (
            text("kiff-record/0.8", "what", "2026-05-24T09:00:00Z", Digest::ZERO),
            text("kiff-record/0.9", "kind", "2026-05-24T09:00:00Z", Digest::ZERO),
        );
        let expected = Record::parse(bytes(&newest)).unwrap();
        for old in [oldest, older] {
            let record = Record::parse_with(bytes(&old), OLD).unwrap();
            assert_eq!((&record.envelope, &record.body), (&expected.envelope, &expected.body));
            assert_eq!(**record.bytes(), *old.as_bytes());
            assert_eq!(record.leaf(), Digest::leaf(old.as_bytes()));
            assert_ne!(record.leaf(), expected.leaf());
        }
    }

    #[test]
    fn a_stream_goes_on_from_an_old_record_by_its_stored_bytes() {
        let old = text("kiff-record/0.8", "what", "2026-05-24T09:00:00Z", Digest::ZERO);
        let old = Record::parse_with(bytes(&old), OLD).unwrap();
        let new = text("kiff-record/1", "kind", "2026-05-24T09:00:01.000Z", old.leaf()).replace("_seq\":1", "_seq\":2");
        let (tenant, entity): (TenantId, EntityRef) = ("demo".parse().unwrap(), "order:o_1".parse().unwrap());
        let mut view = View::bare(tenant.clone(), entity.clone());
        assert_eq!(view.head, Head::empty(tenant, entity));
        for record in [old, Record::parse(bytes(&new)).unwrap()] {
            fold(&mut view, &record).unwrap();
        }
        assert_eq!(view.head.seq, 2);
    }

    #[test]
    fn a_format_that_is_not_known_is_named() {
        for format in ["kiff-record/0", "kiff-record/2", "", "KIFF-RECORD/1"] {
            let text = text(format, "kind", "2026-05-24T09:00:00.000Z", Digest::ZERO);
            for steps in [STEPS, OLD] {
                let error = Record::parse_with(bytes(&text), steps).unwrap_err();
                assert_eq!(error, RecordError::UnknownFormat { format: format.to_owned() });
                assert_eq!(error.code(), "unknown_format");
                assert_eq!(error.to_string(), format!("unknown format `{format}`"));
            }
        }
    }

    #[test]
    fn an_old_record_is_read_as_strictly() {
        let old = |kind: &str| text("kiff-record/0.8", kind, "2026-05-24T09:00:00Z", Digest::ZERO);
        let error = Record::parse_with(bytes(&old("that")), OLD).unwrap_err();
        assert_eq!(error, RecordError::Member { member: "what".to_owned() });
        let more = old("what").replace("\"tenant\"", "\"more\":1,\"tenant\"");
        let error = Record::parse_with(bytes(&more), OLD).unwrap_err();
        assert_eq!(error, RecordError::UnknownMember { member: "more".to_owned() });
        assert!(matches!(
            Record::parse_with(bytes(&old("what").replace("/0.8", "/0.9")), OLD),
            Err(RecordError::UnknownMember { member }) if member == "what"
        ));
    }

    fn text(format: &str, kind: &str, recorded_at: &str, prev: Digest) -> String {
        format!(
            r#"{{"actor":{{"id":"shop","type":"service"}},"body":{{"recorded":3}},"entity":"order:o_1","entity_seq":1,"format":"{format}","{kind}":"refusals_suppressed","prev":"{prev}","recorded_at":"{recorded_at}","tenant":"demo","trace_id":"trace_01KSCKCVM00000000000000001"}}"#
        )
    }

    fn bytes(text: &str) -> RecordBytes {
        text.as_bytes().into()
    }
}
