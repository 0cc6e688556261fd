//! `outcome!` takes any block, wherever an expression may stand.
#![no_implicit_prelude]
#![deny(warnings)]

use ::core::{
    future::Future,
    marker::Send,
    option::Option::{self, None, Some},
    result::Result,
};
use ::std::{boxed::Box, pin::Pin, string::String};
use ::tt_metrics_macros::outcome;

struct Store {
    name: String,
    value: Option<u8>,
}

impl Store {
    fn lent(&mut self) -> Option<&mut u8> {
        outcome!(success = "Done"; { self.value.as_mut() })
    }

    fn moved(self) -> Option<String> {
        outcome!(success = "Done"; Some(self.name))
    }

    fn boxed(&self) -> Pin<Box<dyn Future<Output = Option<u8>> + Send + '_>> {
        Box::pin(outcome!(success = "Done"; async { self.value }))
    }

    async fn nested(&self) -> Result<u8, ()> {
        outcome! {
            success = "Outer", failure = "OuterFailed";
            let found = outcome!(success = "Inner"; self.value.ok_or(()));
            async move { found }
        }
        .await
    }

    fn statement(&mut self) {
        let value = outcome! {
            success = "Done", failure = "Failed", neutral = "None", interrupted = "Cut";
            if self.name.is_empty() {
                return None;
            }
            self.value = self.value?.checked_add(1);
            self.value
        };
        self.value = value;
    }
}

macro_rules! counted {
    ($value:expr) => {
        outcome!(success = "Done"; $value)
    };
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let mut store = Store { name: String::new(), value: Some(1) };
    let _ = store.lent();
    store.statement();
    let _ = (store.boxed(), store.nested());
    let _ = counted!(store.value);
    let _ = store.moved();
    let _: Option<u8> = counted!(None);
    ::core::assert_eq!(["Done", "Failed"].map(|metric| metrics.count(metric)), [2, 1]);
}
