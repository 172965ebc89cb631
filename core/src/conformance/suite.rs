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

            mod stack {
                #[test]
                fn small() {
                    $crate::conformance::pass([$crate::conformance::stack::small(
                        &super::backend(),
                        concat!(module_path!(), "::small"),
                    )]);
                }
            }

            mod threads {
                #[test]
                fn counts() {
                    $crate::conformance::pass([$crate::conformance::threads::counts(
                        &super::backend(),
                        concat!(module_path!(), "::counts"),
                    )]);
                }

                #[test]
                fn obeyed() {
                    $crate::conformance::pass([$crate::conformance::threads::obeyed(
                        &super::backend(),
                        concat!(module_path!(), "::obeyed"),
                    )]);
                }

                #[test]
                fn everywhere() {
                    $crate::conformance::pass([$crate::conformance::threads::everywhere(
                        &super::backend(),
                        concat!(module_path!(), "::everywhere"),
                    )]);
                }

                #[test]
                fn restored() {
                    $crate::conformance::pass([$crate::conformance::threads::restored(
                        &super::backend(),
                        concat!(module_path!(), "::restored"),
                    )]);
                }
            }

            $crate::conformance_checks!($crate::conformance_tests);
        }
    };
}

/// A module for each family, in it one for each check, in it a test for each element type.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($($family:ident { $($check:ident),* $(,)? })*) => {$(
        mod $family {$(
            mod $check {
                #[test]
                fn f64() {
                    $crate::conformance::pass_everywhere(
                        &super::super::backend(),
                        concat!(stringify!($family), "::", stringify!($check)),
                        $crate::DType::F64,
                    );
                }

                #[test]
                fn f32() {
                    $crate::conformance::pass_everywhere(
                        &super::super::backend(),
                        concat!(stringify!($family), "::", stringify!($check)),
                        $crate::DType::F32,
                    );
                }
            }
        )*}
    )*};
}
