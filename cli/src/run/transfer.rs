//! `gingham run --op load` and `--op save`: loads files, or saves them in another format.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham_harness::report::{bytes, count, seconds};
use gingham_machine::available_memory;
use gingham_runtime::files::transfer::{self, Failure as Bad, Options, Plain, Problem, Summary, Transfer};
use gingham_runtime::files::{Job, Side, prepare, sync};
use gingham_runtime::format::csv::Dialect;
use gingham_runtime::format::raw::Raw;
use gingham_runtime::format::{Format, LoadOptions, SaveOptions};
use gingham_runtime::shown::Shown;
use gingham_runtime::{Combination, Plan};

use super::files::FilesArgs;
use super::watch::Watch;
use crate::args::WorkloadArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::stderr::complain;

const ENDING: &str = "interrupted: the files in progress are finished, and no other is begun; once more ends at once";

const ENDED: &str = "ended at once: the files that are saved are whole, and --skip-existing goes on with the others";

/// Files to be loaded or saved.
#[derive(Args)]
pub(super) struct TransferArgs {
    /// Files to load or save: a file, a directory of .npy, .npz, .csv, .tsv, .raw and .bin files, or a quoted pattern
    ///
    /// With --op load, every file is loaded, and the speed is held against a plain sequential read of the same files.
    /// With --op save, every file is saved in the directory --out in the format --format, under its name.
    #[arg(long, value_name = "GLOB", group = "input", requires = "op")]
    files: Option<PathBuf>,
    /// The format of the files that --op load loads [default: what their names end in], or that --op save writes
    #[arg(long, value_name = "FORMAT", requires = "files", value_parser = formats())]
    format: Option<Format>,
    /// The character between two numbers in CSV [default: a comma, a tab in .tsv files]
    #[arg(long, value_name = "C", requires = "files", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Whether CSV files begin with a line of names [default: where the first line has no number]
    #[arg(long, value_name = "YES_OR_NO", requires = "files", value_parser = header())]
    header: Option<bool>,
    /// Deflate what is saved as .npz, as numpy.savez_compressed does
    #[arg(long, requires = "files")]
    deflate: bool,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["npy", "npz", "csv", "raw"]).map(|word| word.parse().expect("a name of a format"))
}

fn header() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["yes", "no"]).map(|word| word == "yes")
}

/// One character, or `\t`.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        &[byte] => Ok(byte),
        _ => Err("expected one character in ASCII, or \\t".into()),
    }
}

/// What the arguments ask for.
pub(super) struct Request<'a> {
    files: Transfer,
    shared: &'a FilesArgs,
    /// Bytes of memory.
    available: u64,
}

impl TransferArgs {
    /// The files that are to be loaded or saved, if that is asked for. The operation, and the type and shape of raw
    /// files, are those of `workload`.
    pub(super) fn request<'a>(
        &self,
        shared: &'a FilesArgs,
        workload: &WorkloadArgs,
    ) -> Result<Option<Request<'a>>, Failure> {
        let saves = match (workload.op.as_deref(), &self.files) {
            (Some("load"), _) => false,
            (Some("save"), _) => true,
            (_, None) => return Ok(None),
            (_, Some(_)) => return Err(Failure::usage("--files goes with --op load or --op save")),
        };
        let op = if saves { "save" } else { "load" };
        let Some(given) = &self.files else {
            return Err(Failure::usage(format!("--op {op} needs --files, such as --files 'a/*.npy'")));
        };
        if workload.is_of_tasks() {
            return Err(Failure::usage(format!("--op {op} takes no --workload, --tasks or --layout; leave them out")));
        }
        let raw = match (&workload.dtype, &workload.shape) {
            (Some(dtype), Some(shape)) => Some(Raw::told(dtype, shape).map_err(Failure::usage)?),
            (None, None) => None,
            _ => return Err(Failure::usage("a raw file needs both --dtype and --shape; other files need neither")),
        };
        let dialect = Dialect { delimiter: self.delimiter, header: self.header };
        dialect.check().map_err(Failure::usage)?;
        let format = self.format.filter(|_| !saves);
        let load = LoadOptions { format, cast: shared.cast, dialect, raw, ..LoadOptions::default() };
        let available = available_memory();
        let options = Options { load, memory: available };
        let formats = format.map_or(Format::ALL.to_vec(), |format| vec![format]);
        let found = Side::find(given, &formats).map_err(Failure::usage)?;
        let files = match (saves, &shared.out, self.format) {
            (false, None, _) if self.deflate || shared.skip_existing => {
                return Err(Failure::usage("--deflate and --skip-existing go with --op save"));
            }
            (false, None, _) => Transfer::load(found.paths(), options),
            (false, Some(_), _) => {
                return Err(Failure::usage("--op load writes nothing; leave --out out, or give --op save"));
            }
            (true, Some(_), Some(format)) if self.deflate && format != Format::Npz => {
                return Err(Failure::usage(format!("--deflate is for npz; a {format} file is not deflated")));
            }
            (true, Some(out), Some(format)) => {
                let save = SaveOptions { deflate: self.deflate, dialect, ..SaveOptions::default() };
                Transfer::save(found.paths(), options, out, format, save, shared.skip_existing)
                    .map_err(Failure::usage)?
            }
            (true, ..) => {
                return Err(Failure::usage("--op save needs --out and --format, such as --out csv --format csv"));
            }
        };
        Ok(Some(Request { files, shared, available }))
    }
}

/// Loads or saves the files, and says how fast.
pub(super) fn run(request: &Request<'_>, combination: Option<&Combination>) -> Result<(), Failure> {
    let Request { files, shared, available } = request;
    let out = shared.out.as_deref();
    if shared.dry_run {
        return print(&files.files().map(|(path, out)| listed(path, out)).collect::<String>());
    }
    if files.is_empty() {
        return print(&match files.present() {
            1 => "the file is there already\n".to_owned(),
            all => format!("all {all} files are there already\n"),
        });
    }
    let plan = transfer::plan(combination, files.len())?;
    complain(plan.origin());
    if let Some(out) = out {
        prepare(out).map_err(Failure::usage)?;
    }
    let cached = transfer::in_cache(files.files().map(|(path, _)| path));
    let Watch { bar, partials, stop } = Watch::begin(files.len(), "file", ENDING, ENDED);
    let engine = plan.engine().limited()?;
    let job = Job { engine: &engine, verify: shared.verify, partials: &partials, stop: &stop };
    let summary = files.run(&job, &|| bar.inc(1));
    bar.finish_and_clear();
    let synced = out.filter(|_| !summary.done.is_empty()).map_or(Ok(()), sync);
    summary.failed.iter().for_each(complain);
    let workers = plan.engine().workers();
    let is_limit = |failure: &Bad| matches!(&failure.problem, Problem::Load(problem) if problem.is_limit());
    if workers > 1 && summary.failed.iter().any(is_limit) {
        complain(format_args!(
            "{workers} workers share {} of memory; with --combination fn+serial one has it all",
            bytes(*available)
        ));
    }
    report(request, &summary, &plan, cached, &stop)?;
    synced.map_err(|error| Failure::work(format!("the saved files may not be on the disk: {error}")))?;
    ended(request, &summary, stop.load(Relaxed))
}

/// A file and what it is saved as, on a line.
fn listed(path: &Path, out: Option<&Path>) -> String {
    out.map_or_else(|| format!("{}\n", Shown(path)), |out| format!("{} -> {}\n", Shown(path), Shown(out)))
}

/// Prints what was done and how fast, and what a plain read reaches; before that, which files it was, if not all.
fn report(
    Request { files, .. }: &Request<'_>,
    summary: &Summary,
    plan: &Plan,
    cached: Option<usize>,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    if summary.done.is_empty() {
        return Ok(());
    }
    let all: Vec<_> = files.files().collect();
    let done: Vec<_> = summary.done.iter().map(|done| all[done.index]).collect();
    let list =
        if summary.failed.is_empty() { String::new() } else { done.iter().map(|&(a, b)| listed(a, b)).collect() };
    print(&format!("{list}{}", said(summary, plan.combination(), files.present(), cached)))?;
    if all[0].1.is_some() || stop.load(Relaxed) {
        return Ok(());
    }
    let paths: Vec<&Path> = done.iter().map(|(path, _)| *path).collect();
    match Plain::read(&paths, stop) {
        Ok(Some(plain)) => print(&held_against(&plain)),
        Ok(None) => Ok(()),
        Err(error) => Err(Failure::work(format!("a plain read of the files: {error}"))),
    }
}

/// What was done, and how fast.
fn said(summary: &Summary, combination: &Combination, present: usize, cached: Option<usize>) -> String {
    let done = count(summary.done.len(), "file");
    let took = seconds(summary.seconds);
    let rate = rate(summary.file_bytes(), summary.seconds);
    let [read, values, saved] = [summary.file_bytes(), summary.value_bytes(), summary.saved_bytes()].map(bytes);
    let (did, went) = match summary.saved_bytes() {
        0 => ("loaded", format!("{read}, {values} of values")),
        _ => ("saved", format!("{read} read, {saved} written")),
    };
    let cached = cached.map_or_else(String::new, |cached| format!(" ({cached} began in the page cache)"));
    let present = if present > 0 { format!(", {present} there already") } else { String::new() };
    let verified = summary.verified;
    format!("{done} {did} in {took} with {combination}: {went}, {rate} read{cached}, {verified} verified{present}\n")
}

/// What a plain sequential read of the same files reaches.
fn held_against(plain: &Plain) -> String {
    let Plain { files, bytes: read, warm_s, cold_s, kept } = *plain;
    let cold = match kept {
        Some(0) => format!("{} with the page cache dropped", rate(read, cold_s)),
        // Some stay now and then: 2 in 2,000, on a busy machine.
        Some(kept) if kept * 20 < files => {
            format!("{} with the page cache dropped, of which {} stayed", rate(read, cold_s), count(kept, "file"))
        }
        Some(kept) => format!("cold untold: the system kept {} in the page cache", count(kept, "file")),
        None => "cold untold: the system does not say what it has dropped from the page cache".into(),
    };
    let what = format!("{}, {}", count(files, "file"), bytes(read));
    format!("plain sequential read of {what}: {} from the page cache; {cold}\n", rate(read, warm_s))
}

fn rate(bytes: u64, seconds: f64) -> String {
    format!("{:.2} GB/s", bytes as f64 / seconds.max(1e-9) / 1e9)
}

/// How it ends: with status 2 where some files are bad, 1 where the work failed.
fn ended(Request { files, shared, .. }: &Request<'_>, summary: &Summary, stopped: bool) -> Result<(), Failure> {
    let saves = shared.out.is_some();
    let (failed, asked) = (summary.failed.len(), count(files.len() + files.present(), "file"));
    if stopped {
        let done = summary.done.len() + files.present();
        let failed = if failed > 0 { format!(", {failed} have failed") } else { String::new() };
        let (did, go_on) = if saves { ("saved", "; --skip-existing goes on with the others") } else { ("loaded", "") };
        return Err(Failure::interrupted(format!("interrupted: {done} of {asked} {did}{failed}{go_on}")));
    }
    if failed == 0 {
        return Ok(());
    }
    let line = format!("{failed} of {asked} not {} (reasons above)", if saves { "saved" } else { "loaded" });
    let is_input = summary.failed.iter().any(|failure| failure.problem.is_of_input());
    Err(if is_input { Failure::usage(line) } else { Failure::work(line) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!([delimiter(";"), delimiter("\\t"), delimiter("\t")], [Ok(b';'), Ok(b'\t'), Ok(b'\t')]);
        for bad in ["", ",,", "\u{e9}", "tab"] {
            assert!(delimiter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_ceiling_tells_cold_from_warm() {
        let plain = Plain { files: 100, bytes: 3 << 30, warm_s: 1.0, cold_s: 4.0, kept: Some(0) };
        let said = held_against(&plain);
        assert!(said.contains("100 files, 3.00 GiB: 3.22 GB/s from the page cache; 0.81 GB/s with"), "{said}");
        for (kept, expected) in [
            (Some(2), "0.81 GB/s with the page cache dropped, of which 2 files stayed"),
            (Some(50), "cold untold: the system kept 50 files"),
            (None, "cold untold: the system does not say"),
        ] {
            let said = held_against(&Plain { kept, ..plain });
            assert!(said.contains(expected), "{said}");
        }
    }
}
