//! The namespace that a program states for its metrics, collected by the linker.

use crate::metric::Namespace;

/// Every namespace that the program states, collected by the linker.
#[linkme::distributed_slice]
pub static NAMESPACES: [Namespace];

/// States the namespace of this program's metrics, which `TT_METRICS_NAMESPACE` replaces where it is set.
///
/// It stands once in a program, beside its items; a namespace that CloudWatch does not take is a compile error.
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
            static NAMESPACE: $crate::Namespace =
                match $crate::__private::check_namespace($namespace) {
                    ::core::result::Result::Ok(namespace) => namespace,
                    ::core::result::Result::Err(rule) => ::core::panic!("{}", rule),
                };
        };
    };
}
