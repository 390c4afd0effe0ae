//! A probe in the hands of a test.

use kiff::{
    Outcome,
    doubt::{Probe, Probed, Probing},
};
use std::{
    collections::VecDeque,
    error::Error,
    fmt,
    future::pending,
    sync::{Arc, Mutex},
};

/// What a probe says next.
#[derive(Debug)]
pub(crate) enum Says {
    Applied(Outcome),
    NotApplied,
    Unknown,
    Error,
    Panic,
    /// Never answers.
    Hang,
}

type Hook = Box<dyn FnOnce() + Send>;

/// A probe that says what the test says, and keeps what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Oracle {
    says: Arc<Mutex<VecDeque<Says>>>,
    asked: Arc<Mutex<Vec<Probing>>>,
    meanwhile: Arc<Mutex<Option<Hook>>>,
}

impl Oracle {
    pub(crate) fn then(&self, says: Says) {
        self.says.lock().unwrap().push_back(says);
    }

    /// Happens while the probe is asked.
    pub(crate) fn meanwhile(&self, hook: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn asked(&self) -> Vec<Probing> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Debug)]
struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider is out of reach")
    }
}

impl Error for Unreachable {}

impl Probe for Oracle {
    async fn probe(&self, asked: &Probing) -> Result<Probed, Box<dyn Error + Send + Sync>> {
        self.asked.lock().unwrap().push(asked.clone());
        let hook = self.meanwhile.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        let says = self.says.lock().unwrap().pop_front().unwrap_or(Says::Unknown);
        match says {
            Says::Applied(outcome) => Ok(Probed::Applied(outcome)),
            Says::NotApplied => Ok(Probed::NotApplied),
            Says::Unknown => Ok(Probed::Unknown),
            Says::Error => Err(Unreachable)?,
            Says::Panic => panic!("the probe broke"),
            Says::Hang => pending().await,
        }
    }
}
