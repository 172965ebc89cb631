//! What holds of every parser for any bytes: they give arrays or one line that says why not. The fuzz targets call it,
//! and the runtime's tests do, with the corpus and with bytes of their own.

use gingham_core::DType;
use gingham_runtime::format::csv::Dialect;
use gingham_runtime::format::raw::Raw;
use gingham_runtime::format::{Endian, Format, Kind, Layout, LoadOptions, Named, parse};

/// Bytes of values beyond which a file is refused: some files are honest about more than a fuzzer can hold.
const LIMIT: usize = 16 << 20;

/// For a `.npy` file.
pub(crate) fn npy(bytes: &[u8]) {
    parsed(bytes, Format::Npy, None);
}

/// For an archive.
pub(crate) fn npz(bytes: &[u8]) {
    parsed(bytes, Format::Npz, None);
}

/// For raw values; the first byte tells their type and order, and the next two the shape.
pub(crate) fn raw(bytes: &[u8]) {
    let [what, rows, columns, values @ ..] = bytes else { return };
    let kinds = [Kind::Float64, Kind::Float32, Kind::Float16, Kind::Bool, Kind::Int16, Kind::UInt64];
    let layout = Layout {
        kind: kinds[usize::from(what >> 2) % kinds.len()],
        shape: vec![usize::from(*rows), usize::from(*columns)],
        fortran_order: what & 1 == 1,
    };
    let endian = if what & 2 == 2 { Endian::Big } else { Endian::Little };
    parsed(values, Format::Raw, Some(Raw { layout, endian }));
}

/// For rows of numbers: they are also what splitting the text and `str::parse` give.
pub(crate) fn csv(bytes: &[u8]) {
    let arrays = parsed(bytes, Format::Csv, None);
    if bytes.contains(&b'"') {
        return;
    }
    let expected = split(bytes);
    let found = arrays.as_ref().map(|arrays| {
        let array = &arrays[0].array;
        let columns = array.layout().shape[1];
        let values: Vec<f64> = array.values().expect("float64").to_vec();
        values.chunks(columns).map(<[f64]>::to_vec).collect::<Vec<_>>()
    });
    let bits = |rows: &Vec<Vec<f64>>| {
        let bits = |x: &f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
        rows.iter().map(|row| row.iter().map(bits).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(found.as_ref().map(bits), expected.as_ref().map(bits), "{}", bytes.escape_ascii());
}

/// The rows in a text without quotes, in the plainest way; `None` if they are not numbers, or not as many each.
fn split(bytes: &[u8]) -> Option<Vec<Vec<f64>>> {
    let blank = |c: char| c == ' ' || c == '\t';
    // A byte that is no text makes its field no number.
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned();
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut lines = lines.filter(|line| !line.trim_matches(blank).is_empty()).peekable();
    let fields = |line: &str| line.split(',').map(|field| field.trim_matches(blank).parse().ok()).collect::<Vec<_>>();
    let first = *lines.peek()?;
    let columns = fields(first).len();
    let has_names = first.split(',').any(|name| !name.trim().is_empty());
    if has_names && fields(first).iter().all(Option::is_none) {
        if first.contains(|c: char| c == '\u{fffd}' || c.is_ascii_control() && c != '\t') {
            return None;
        }
        lines.next();
    }
    let rows: Option<Vec<Vec<f64>>> = lines.map(|line| fields(line).into_iter().collect()).collect();
    let rows = rows.filter(|rows| !rows.is_empty())?;
    rows.iter().all(|row| row.len() == columns).then_some(rows)
}

/// The arrays in `bytes`, in their own type.
fn parsed(bytes: &[u8], format: Format, raw: Option<Raw>) -> Option<Vec<Named>> {
    let options = |cast| LoadOptions {
        format: Some(format),
        cast,
        raw: raw.clone(),
        limit: Some(LIMIT),
        ..LoadOptions::default()
    };
    let dialects = [None, Some(true), Some(false)].map(|header| Dialect { delimiter: Some(b';'), header });
    let others = dialects.map(|dialect| LoadOptions { dialect, ..options(Some(DType::F32)) });
    let all = [options(Some(DType::F64)), options(Some(DType::F32))].into_iter().chain(others);
    let read = |options: &LoadOptions| match parse(bytes, options) {
        Ok(arrays) => {
            for Named { array, .. } in &arrays {
                let layout = array.layout();
                assert_eq!(layout.bytes().expect("a shape in memory"), array.bytes().len());
                assert!(options.cast.is_none_or(|cast| layout.kind == Kind::of(cast)));
            }
            Some(arrays)
        }
        Err(problem) => {
            let message = problem.to_string();
            assert!(!message.contains(|c: char| c.is_control()) && message.len() < 1000, "{message:?}");
            None
        }
    };
    for options in all {
        read(&options);
    }
    read(&options(None))
}
