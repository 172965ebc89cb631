//! The checks as the tests of a backend: what `conformance!` writes into the file that invokes it.

/// The whole test file of a backend: one test for every check and element type.
///
/// ```
/// gingham_core::conformance!(gingham_core::reference::Reference);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($backend:expr) => {
        mod conformance {
            #[allow(
                unused_imports,
                reason = "an expression may name what its file imports, or spell out the path"
            )]
            use super::*;

            fn backend() -> impl $crate::Backend {
                $backend
            }

            #[test]
            fn info() {
                $crate::conformance::pass([$crate::conformance::info::filled_in(&backend())]);
            }

            #[test]
            fn support() {
                $crate::conformance::pass([$crate::conformance::support::honest_everywhere(&backend())]);
            }

            $crate::conformance_apart! {
                stack { small }
                threads { counts, obeyed, everywhere, restored }
            }
            $crate::conformance_checks!($crate::conformance_tests);
        }
    };
}

/// A module for each family, in it a test for each check that executes the program again.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_apart {
    ($($family:ident { $($check:ident),* })*) => {$(
        mod $family {$(
            #[test]
            fn $check() {
                $crate::conformance::pass([$crate::conformance::$family::$check(
                    &super::backend(),
                    concat!(module_path!(), "::", stringify!($check)),
                )]);
            }
        )*}
    )*};
}

/// A module for each family, in it one for each check, in it a test for each element type.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($($family:ident { $($check:ident),* $(,)? })*) => {$(
        mod $family {$(
            mod $check {
                const RULE: &str = concat!(stringify!($family), "::", stringify!($check));

                #[test]
                fn f64() {
                    $crate::conformance::pass_everywhere(&super::super::backend(), RULE, $crate::DType::F64);
                }

                #[test]
                fn f32() {
                    $crate::conformance::pass_everywhere(&super::super::backend(), RULE, $crate::DType::F32);
                }
            }
        )*}
    )*};
}
