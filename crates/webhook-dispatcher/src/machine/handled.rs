//! How far along the log everything is handled.

use std::collections::BTreeMap;

use clankdin_domain::event::Sequence;

/// The events whose hearers are known, and of those the ones that are not all handled.
#[derive(Debug)]
pub(crate) struct Handled {
    /// Who hears of the events up to there is known.
    read: Sequence,
    /// How many deliveries of an event have no row yet.
    open: BTreeMap<Sequence, usize>,
}

impl Handled {
    pub(crate) fn up_to(read: Sequence) -> Self {
        Self { read, open: BTreeMap::new() }
    }

    /// One more is to hear of an event.
    pub(crate) fn open(&mut self, sequence: Sequence) {
        *self.open.entry(sequence).or_default() += 1;
    }

    /// All who hear of the events up to there are known.
    pub(crate) fn read(&mut self, read: Sequence) {
        self.read = self.read.max(read);
    }

    /// A delivery of an event is a row now.
    pub(crate) fn close(&mut self, sequence: Sequence) {
        if let Some(count) = self.open.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&sequence);
            }
        }
    }

    /// Every event up to there has a row at each endpoint that hears of it.
    pub(crate) fn mark(&self) -> Sequence {
        match self.open.first_key_value() {
            Some((first, _)) => self.read.min(Sequence::new(first.get() - 1)),
            None => self.read,
        }
    }
}
