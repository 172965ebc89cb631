//! Texts.

use gingham_runtime::format::LoadOptions;
use gingham_runtime::format::csv::Dialect;

use crate::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    let case = |what: &str, text: &[u8], says| case(what, "csv", text, says);
    let told = |what: &str, text: &[u8], delimiter, header, says| {
        let Case { name, bytes, length, options, .. } = case(what, text, says);
        let dialect = Dialect { delimiter: Some(delimiter), header };
        Case { name, bytes, length, options: LoadOptions { dialect, ..options }, says }
    };
    let long = |fill: &str| fill.repeat(5 << 20).into_bytes();
    vec![
        case("empty", b"", "no row of numbers"),
        case("blank", b"\n  \r\n\t\n", "no row of numbers"),
        case("a header alone", b"a,b\n", "no row of numbers"),
        case("a text", b"Dear reader,\nthis is a letter.\n", "line 2, column 1: expected a number, found `this is a"),
        case("a short row", b"1,2\n3,4\n5\n", "line 3, column 2: expected 2 numbers as in the lines before, not 1"),
        case("a long row", b"1,2\n3,4,5\n", "line 2, column 4: expected the end of a line of 2 numbers"),
        case("a long row after a header", b"a,b\n\n3,4,5\n", "line 3, column 4: expected the end of a line of 2"),
        case("a comma at the end", b"1,2,\n", "line 1, column 5: expected a number, found the end of the line"),
        case("an empty field", b"1,2\n1,,2\n", "line 2, column 3: expected a number, found `,`"),
        case("a header with a number", b"x,1\n2,3\n", "line 1, column 1: expected a number, found `x`"),
        case("no UTF-8", b"1,2\n3,\xff\xfe\n", "line 2, column 3: expected a number, found `\\xff\\xfe`"),
        case("a header that is no UTF-8", b"a,\xff\n1,2\n", "line 1, column 3: expected names in UTF-8, found `\\xff`"),
        case("NUL in a number", b"1,2\n3\0,4\n", "line 2, column 1: expected a number, found `3\\x00`"),
        case("NUL in a header", b"a\0,b\n", "line 1, column 2: expected names without control characters"),
        case("UTF-16", b"\xff\xfe1\0,\x002\0\n\0", "line 1, column 1: expected names in UTF-8"),
        case("a program", b"\x7fELF\x02\x01\x01\0", "line 1, column 1: expected names without control characters"),
        case("escapes", b"1\n\x1b[31m2\n", "line 2, column 1: expected a number, found `\\x1b[31m2`"),
        case("an open quote", b"1,2\n\"3,4\n", "line 2, column 1: expected a number, found `\"3`"),
        case("an open quote in a header", b"\"a,b\n1,2\n", "line 1, column 1: expected a quoted name that ends"),
        case("a quote over lines", b"\"a\nb\",c\n1,2\n", "line 1, column 1: expected a quoted name that ends"),
        case("more after a quote", b"1,2\n\"3\"4,5\n", "line 2, column 1: expected a number, found `\"3\"4`"),
        case("quotes after quotes", &[b"1\n", &[b'"'; 100_000][..]].concat(), "line 2, column 1: expected a number"),
        case("old ends of lines", b"1,2\r3,4\r", "line 1, column 4: expected names without control characters"),
        case("underscores", b"1_000\n", "no row of numbers"),
        case("underscores below", b"1\n1_000\n", "line 2, column 1: expected a number, found `1_000`"),
        case("base 16", b"1,0x10\n", "line 1, column 3: expected a number, found `0x10`"),
        case("two signs", b"1,--1\n", "line 1, column 3: expected a number, found `--1`"),
        case("two points", b"1,1.2.3\n", "line 1, column 3: expected a number, found `1.2.3`"),
        case("an open exponent", b"1,1e\n", "line 1, column 3: expected a number, found `1e`"),
        case("an unknown word", b"1,infinit\n", "line 1, column 3: expected a number, found `infinit`"),
        case("a complex number", b"1,1+2j\n", "line 1, column 3: expected a number, found `1+2j`"),
        case("other digits", "1,\u{ff11}\n".as_bytes(), "line 1, column 3: expected a number, found `\\xef\\xbc\\x91`"),
        case(
            "a wide row",
            &[&b"1,".repeat(1_040_000), &b"1\n2\n"[..]].concat(),
            "line 2, column 2: expected 1040001 numbers",
        ),
        case("a line of digits", &long("9"), "line 1, from byte 0, has more than 2097152 bytes"),
        case("a line of numbers", &[b"1,2\n", &long("1,")[..]].concat(), "line 2, from byte 4, has more than"),
        case("a line of blanks", &[b"1\n\n", &long(" ")[..]].concat(), "line 3, from byte 3, has more than"),
        Case { length: 1 << 30, ..case("a line of 1 GiB", b"1,2\n3,4\n", "line 3, from byte 8, has more than") },
        case("a million rows", &b"1,1\n".repeat(1_100_000), "bytes of data; at most 16777216 are allowed"),
        told("a digit between", b"1,2\n", b'1', None, "`1` cannot separate numbers"),
        told("a newline between", b"1,2\n", b'\n', None, "`\\n` cannot separate numbers"),
        told("another delimiter", b"1,2\n", b';', Some(false), "line 1, column 1: expected a number, found `1,2`"),
        told("no header", b"a,b\n1,2\n", b',', Some(false), "line 1, column 1: expected a number, found `a`"),
        told("another header", b"a,b\n1,2,3\n", b',', Some(true), "line 2, column 4: expected the end of a line of 2"),
    ]
}
