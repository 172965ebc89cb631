//! Loads pictures with the executor that loads them fastest, here of the user's own kind, PNG, and says how bright they
//! are: `PICTURES=FOLDER cargo run --release --example files`; without a folder it paints some first.
//!
//! The function that loads a file is registered by name, so it is raced in trials, which are this program once more:
//! they find the folder in the same variable. Each combination must give, bit for bit, the results of a serial run.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use gingham::core::{Context, Registry};
use gingham::harness::FnTuner;
use gingham::runtime::Workload;

type Failed = Box<dyn Error + Send + Sync>;

static PICTURES: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::var_os("PICTURES").map_or_else(|| std::env::temp_dir().join("gingham-pictures"), PathBuf::from)
});

/// The pictures in the folder, in order.
static FILES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let paths = fs::read_dir(&*PICTURES).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "png")).collect();
    files.sort();
    files
});

fn main() -> ExitCode {
    let registry = gingham::registry().with_function("brightness", brightness);
    gingham::init(&registry);
    match race(&registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("files: {}: {error}", PICTURES.display());
            ExitCode::FAILURE
        }
    }
}

fn race(registry: &Registry) -> Result<(), Box<dyn Error>> {
    if std::env::var_os("PICTURES").is_none() && !PICTURES.exists() {
        paint(&PICTURES)?;
    }
    let all = Workload::function(registry, "brightness", FILES.len(), 1, &[])?;
    let mut tuner = FnTuner::default();
    tuner.budget = Duration::from_secs(15);
    tuner.progress = gingham::progress(tuner.budget);
    #[cfg(target_os = "linux")]
    let tuned = tuner.tune_calls(registry, std::env::current_exe()?, &all)?;
    #[cfg(not(target_os = "linux"))] // in this process, as trials need Linux
    let tuned = tuner.tune_fn(FILES.len(), |cx, file| brightness(cx, file, &mut [0.0]))?;
    println!("{tuned}");

    let plan = tuned.plan(registry)?;
    let start = Instant::now();
    let means: Vec<f64> = plan.call(registry, &all)?;
    let (seconds, combination) = (start.elapsed().as_secs_f64(), plan.combination());
    let brightest = means.iter().zip(&*FILES).max_by(|a, b| a.0.total_cmp(b.0)).expect("a workload has an item");
    println!(
        "{} pictures in {seconds:.3} s with {combination}; {} is the brightest",
        means.len(),
        brightest.1.display()
    );
    Ok(())
}

/// Writes to `mean` the mean of all bytes of a picture. The one line that loads it could load any other kind of file.
fn brightness(_: &Context<'_>, file: usize, mean: &mut [f64]) -> Result<(), Failed> {
    let bytes = load(&FILES[file]).map_err(|error| format!("{}: {error}", FILES[file].display()))?;
    mean[0] = bytes.iter().map(|&byte| f64::from(byte)).sum::<f64>() / bytes.len() as f64;
    Ok(())
}

fn load(path: &Path) -> Result<Vec<u8>, Failed> {
    let mut picture = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    let mut bytes = vec![0; picture.output_buffer_size().ok_or("it is too large")?];
    let used = picture.next_frame(&mut bytes)?.buffer_size();
    bytes.truncate(used);
    Ok(bytes)
}

/// 200 pictures in the folder, each brighter than the one before.
fn paint(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for number in 0..200_usize {
        let file = BufWriter::new(File::create(folder.join(format!("{number:03}.png")))?);
        let pixels: Vec<u8> = (0..256 * 256).map(|i| (i / 7 % 50 + i % 3 + number) as u8).collect();
        png::Encoder::new(file, 256, 256).write_header()?.write_image_data(&pixels)?;
    }
    Ok(())
}
