//! Everything the stand-in remembers, behind one lock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{fault::Faults, session::Sessions, soql::Cursor, store::Cases};

/// The org's own rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Fields that a new Case must have; a bare org requires none.
    pub required: Vec<String>,
    /// Whether `TT_Event_Id__c` is unique, as the deployment notes ask. Without it duplicates become visible.
    pub unique: bool,
    /// API calls a day before `REQUEST_LIMIT_EXCEEDED`.
    pub daily_limit: u64,
    /// How long a new token lives.
    pub session_seconds: u64,
}

/// What was asked for and what was stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Stored Cases by external id; more than 1 is a duplicate.
    pub cases: BTreeMap<String, u64>,
    /// Records that arrived in create or upsert calls, by external id, whatever became of them.
    pub attempts: BTreeMap<String, u64>,
    /// API calls.
    pub requests: u64,
    /// Tokens issued.
    pub tokens: u64,
}

/// The state of the org.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) cases: Cases,
    pub(crate) rules: Rules,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    pub(crate) attempts: BTreeMap<String, u64>,
    pub(crate) requests: u64,
    pub(crate) tokens: u64,
    /// Pages that clients have not fetched yet, by locator.
    pub(crate) cursors: HashMap<String, Cursor>,
    pub(crate) locators: u64,
}

/// The state that every handler shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) url: Arc<str>,
    world: Arc<Mutex<World>>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            required: Vec::new(),
            unique: true,
            daily_limit: 15_000,
            session_seconds: 7200,
        }
    }
}

impl World {
    pub(crate) fn counts(&self) -> Counts {
        let mut cases = BTreeMap::new();
        for event_id in self
            .cases
            .all()
            .iter()
            .filter_map(|case| case.event_id.clone())
        {
            *cases.entry(event_id).or_default() += 1;
        }
        Counts {
            cases,
            attempts: self.attempts.clone(),
            requests: self.requests,
            tokens: self.tokens,
        }
    }

    pub(crate) fn note_attempt(&mut self, event_id: Option<&str>) {
        if let Some(event_id) = event_id {
            *self.attempts.entry(event_id.to_owned()).or_default() += 1;
        }
    }

    /// Forgets all but the sessions: a running client keeps its token.
    pub(crate) fn reset(&mut self) {
        self.cases.clear();
        self.rules = Rules::default();
        self.faults = Faults::default();
        self.attempts.clear();
        self.cursors.clear();
        self.requests = 0;
        self.tokens = 0;
    }
}

impl Shared {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url: url.into(),
            world: Arc::default(),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
