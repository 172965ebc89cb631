//! Shows what is known of this machine: `cargo run --release -p gingham-machine --example probe`.

use gingham_machine::ceilings::Rates;
use gingham_machine::{Ceilings, Machine, available_memory, environment};

fn main() {
    let machine = Machine::probe();
    let gib = |bytes: u64| bytes as f64 / (1u64 << 30) as f64;
    println!("{} ({}), {}, kernel {}", machine.cpu_model, machine.arch, machine.os, machine.kernel);
    println!(
        "CPUs: {} logical, {} cores, {} usable",
        machine.logical_cpus, machine.physical_cores, machine.usable_cpus
    );
    println!(
        "      affinity {}, quota {}",
        machine.affinity,
        machine.quota.map_or("none".into(), |cpus| cpus.to_string())
    );
    for cache in &machine.caches {
        println!("L{} {:?}: {} KiB, shared by {}", cache.level, cache.kind, cache.bytes >> 10, cache.shared_by);
    }
    println!("SIMD: {}", machine.simd.join(" "));
    println!("memory: {:.1} GiB, {:.1} GiB available", gib(machine.memory_bytes), gib(available_memory()));
    for (name, value) in environment::kernel_variables() {
        println!("chooses kernels: {name}={value}");
    }

    let start = std::time::Instant::now();
    let ceilings = Ceilings::measure(&machine);
    let show = |name: &str, rates: &Rates| {
        let [f64, f32, read, write, copy] =
            [rates.fma_f64, rates.fma_f32, rates.read, rates.write, rates.copy].map(|rate| rate * 1e-9);
        println!("{name}: f64 {f64:.1} GF/s, f32 {f32:.1} GF/s, read {read:.1}, write {write:.1}, copy {copy:.1} GB/s");
    };
    show("one core ", &ceilings.per_core);
    show("all cores", &ceilings.all_cores);
    println!("measured in {:.2} s over {:.2} GiB", start.elapsed().as_secs_f64(), gib(ceilings.footprint_bytes));
}
