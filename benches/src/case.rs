//! One way of counting, in a form that can be called many times.

use std::fmt;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name in the table.
    pub name: &'static str,
    /// Makes this many calls.
    pub calls: fn(u64),
}

impl Case {
    /// Names a way of counting.
    pub const fn new(name: &'static str, calls: fn(u64)) -> Self {
        Self { name, calls }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// A closure that calls a sync function many times.
#[macro_export]
macro_rules! calls {
    ($function:path) => {
        |calls| {
            for _ in 0..calls {
                ::std::hint::black_box($function(::std::hint::black_box($crate::functions::GOOD)))
                    .ok();
            }
        }
    };
}

/// A closure that calls an async function many times within one future.
#[macro_export]
macro_rules! awaits {
    ($function:path) => {
        |calls| {
            $crate::futures::run(async move {
                for _ in 0..calls {
                    let order = ::std::hint::black_box($crate::functions::GOOD);
                    ::std::hint::black_box($function(order).await).ok();
                }
            })
        }
    };
}
