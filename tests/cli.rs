//! The command line on bad input: one clear line, status 2, nothing left behind. The cases are in `tests/cli/`.

#[test]
fn bad_input_is_one_line_and_status_2() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}

#[cfg(not(feature = "openblas"))]
#[test]
fn a_backend_that_is_not_compiled_in_names_its_feature() {
    trycmd::TestCases::new().case("tests/cli/default-features/*.trycmd");
}
