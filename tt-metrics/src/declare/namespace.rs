//! The namespace that a program declares for its metrics, collected by the linker.

use crate::metric::Namespace;

/// Every namespace that the program declares.
#[linkme::distributed_slice]
pub static TT_METRICS_0_1_NAMESPACES: [Namespace];

pub use TT_METRICS_0_1_NAMESPACES as NAMESPACES;

/// Declares the namespace of this program's metrics. The environment variable `TT_METRICS_NAMESPACE` overrides it.
///
/// Use it once in a program, at module level. An invalid namespace is a compile error.
///
/// ```
/// tt_metrics::namespace!("shop/Orders");
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// tt_metrics::namespace!("AWS/Lambda");
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! namespace {
    ($namespace:expr $(,)?) => {
        const _: () = {
            #[$crate::__private::linkme::distributed_slice($crate::__private::NAMESPACES)]
            #[linkme(crate = $crate::__private::linkme)]
            static NAMESPACE: $crate::__private::Namespace =
                match $crate::__private::check_namespace($namespace) {
                    ::core::result::Result::Ok(namespace) => namespace,
                    ::core::result::Result::Err(rule) => ::core::panic!("{}", rule),
                };
        };
    };
}
