//! `file`: workers map two files on disk; the pool copies inputs to the one and results from the other.

use super::arrays::{Arrays, Inputs, Side, outside};
use super::{Carrier, Error, Site};
use crate::arena::{Arenas, Shared, Writable};
use crate::engine::processes::board::Run;
use crate::process;
use crate::process::protocol::Hello;
use crate::workload::{Placement, Workload};

/// The files, as the pool has them.
pub(super) struct File {
    workload: Workload,
    placement: Placement,
    inputs: (Shared, Writable),
    results: (Shared, Writable),
}

impl File {
    pub(super) fn new(site: &Site<'_>) -> Result<Self, Error> {
        let placement = Placement::of(site.workload);
        let file = |bytes| {
            let file = Shared::on_disk(bytes).map_err(|e| Error::Files(std::env::temp_dir(), e))?;
            let memory = file.writable()?;
            Ok::<_, Error>((file, memory))
        };
        let (inputs, results) = (file(placement.input_bytes)?, file(placement.output_bytes)?);
        Ok(Self { workload: site.workload.clone(), placement, inputs, results })
    }

    fn copies(&mut self) -> (&Workload, Arrays<'_>) {
        let (inputs, results) = (Inputs::Open(self.inputs.1.as_mut_slice()), self.results.1.as_mut_slice());
        (&self.workload, Arrays::new(&self.workload, &self.placement.tensors, inputs, results))
    }
}

impl Carrier for File {
    fn direct(&self, hello: &mut Hello) {
        hello.arenas = Arenas { inputs: self.inputs.0.location(), outputs: self.results.0.location() };
        hello.tensors.clone_from(&self.placement.tensors);
    }

    fn bring(&mut self, run: Run, arrays: &Arrays<'_>) -> Result<(), process::Error> {
        let (workload, mut copies) = self.copies();
        let mut bring = |task| copies.copy(Side::Inputs, task, arrays, task) && copies.blank(workload.call(), task);
        if run.tasks().all(&mut bring) { Ok(()) } else { Err(outside()) }
    }

    fn fetch(&mut self, done: &mut dyn Iterator<Item = usize>, arrays: &mut Arrays<'_>) -> Result<(), process::Error> {
        let (_, copies) = self.copies();
        for task in done {
            if !arrays.copy(Side::Result, task, &copies, task) {
                return Err(outside());
            }
        }
        Ok(())
    }
}
