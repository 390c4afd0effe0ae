//! The appended batches: one event with two records each, as a runtime writes them.

use kiff::{
    Authority, Domain, EntityRef, NewEvent, Runtime, TenantId, Value,
    domain::Machine,
    record::Record,
    store::{Batch, EventStore, MemoryStore},
};
use kiff_benches::workload::now;
use std::error::Error;

/// Makes the events of one entity, batch by batch, in the order of its stream.
#[derive(Debug)]
pub(crate) struct Source {
    rt: Runtime,
    memory: MemoryStore,
    entity: EntityRef,
    length: u64,
}

impl Source {
    pub(crate) fn new(entity: &str) -> Result<Self, Box<dyn Error>> {
        let machine = Machine::new("order").starts("ORDER_PLACED", "OPEN").moves("OPEN", "ORDER_NOTED", "OPEN");
        let memory = MemoryStore::new();
        let domain = Domain::builder("shop", "v1").table(machine).build()?;
        let rt = Runtime::builder(domain).tenant("bench").store(memory.clone()).build()?;
        Ok(Self { rt, memory, entity: format!("order:{entity}").parse()?, length: 0 })
    }

    /// The next batches, made before the measurement.
    pub(crate) fn take(&mut self, count: usize) -> Result<Vec<Batch>, Box<dyn Error>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Result<Batch, Box<dyn Error>> {
        let kind = if self.length == 0 { "ORDER_PLACED" } else { "ORDER_NOTED" };
        let id = format!("evt_{}_{}", self.entity.as_str().replace(':', "_"), self.length);
        let event = NewEvent::new(id, kind).payload(Value::object([("note", "the parcel was handed to the carrier")]));
        now(self.rt.ingest(&Authority::service("shop")?, self.entity.as_str(), event))??.accepted()?;
        let tenant = tenant()?;
        let found = now(self.memory.read(&tenant, &self.entity, self.length, 10))??;
        let records = found.into_iter().map(Record::parse).collect::<Result<Vec<_>, _>>()?;
        let length = self.length;
        self.length += u64::try_from(records.len())?;
        Ok(Batch::new(tenant).with(self.entity.clone(), length, records)?)
    }
}

/// The tenant of all batches.
pub(crate) fn tenant() -> Result<TenantId, Box<dyn Error>> {
    Ok(TenantId::new("bench")?)
}

/// The bytes of a batch in a file: one line for each record.
pub(crate) fn lines(batch: &Batch) -> Vec<u8> {
    let mut lines = Vec::new();
    for record in batch.parts().iter().flat_map(|part| part.records()) {
        lines.extend_from_slice(record.bytes());
        lines.push(b'\n');
    }
    lines
}
