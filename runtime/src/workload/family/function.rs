//! Functions that a program has registered by name: each task is a call, and only the function itself defines its
//! results.
//!
//! Results are compared, bit for bit, with the results of a serial run.

use std::ops::Range;

use bytemuck::Pod;
use gingham_core::function::{Body, Element, Value};
use gingham_core::{Context, Registry};
use ndarray::ArrayViewMut2;

use super::{Bound, Facts, Family, Unit};
use crate::engine::Limited;
use crate::executor::{BoxError, TaskErrors};
use crate::workload::Portion;
use crate::workload::batch::Tasks;
use crate::workload::judge::{Expected, Judge, Run, Wrong};
use crate::workload::placement::{self, Placement, Tensor};
use crate::workload::{Call, Error, FunctionCall, Workload};

impl Workload {
    /// Calls of the function that `registry` knows as `name`, for `items` items, each of which has `len` results.
    /// `parameters` are the same for every call.
    ///
    /// # Errors
    /// [`Error`], where `registry` lacks the function, `items` or `len` is 0, the results are more than can be
    /// addressed, or a parameter is not a finite number.
    pub fn function(
        registry: &Registry,
        name: &str,
        items: usize,
        len: usize,
        parameters: &[f64],
    ) -> Result<Self, Error> {
        let element = registry.function(name)?.element();
        let call = FunctionCall { name: name.into(), element, items, parameters: parameters.into() };
        match parameters.iter().find(|parameter| !parameter.is_finite()) {
            _ if items == 0 => Err(Error::NoItems),
            _ if len == 0 => Err(Error::NoResults),
            Some(&given) => Err(Error::Parameter(given)),
            None => Self::checked(Call::Function(Box::new(call)), &len.to_string(), None, items),
        }
    }

    /// Calls of a closure for `items` items. Only this process knows it, and sees what it writes.
    ///
    /// # Errors
    /// [`Error::NoItems`]
    pub fn closure(items: usize) -> Result<Self, Error> {
        let call = FunctionCall { name: "closure".into(), element: Element::Bytes, items, parameters: Vec::new() };
        if items == 0 { Err(Error::NoItems) } else { Self::checked(Call::Function(Box::new(call)), "0", None, items) }
    }
}

impl Family for FunctionCall {
    fn facts(&self) -> Facts {
        let shapes = "N, the number of results of an item";
        Facts { shapes, axes: 1, unit: Unit::Item, ..Facts::of_arrays(Bound::Unknown) }
    }

    fn work(&self, _: &Workload) -> f64 {
        1.0
    }
}

impl FunctionCall {
    /// The calls of a batch, whose results lie in `outputs`.
    ///
    /// # Errors
    /// Those of [`FunctionCall::body`], and [`Error::Placement`].
    pub(in crate::workload) fn calls<'a>(
        &'a self,
        registry: &'a Registry,
        tensors: &[Tensor],
        tasks: usize,
        outputs: &'a mut [u8],
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        let [output] = tensors else { return Err(placement::Error { name: "out".into(), task: 0 }.into()) };
        match self.element {
            Element::F32 => self.typed::<f32>(registry, output.views_mut(tasks, outputs)?),
            Element::F64 => self.typed::<f64>(registry, output.views_mut(tasks, outputs)?),
            Element::Bytes => self.typed::<u8>(registry, output.views_mut(tasks, outputs)?),
        }
    }

    fn typed<'a, T: Value>(
        &'a self,
        registry: &'a Registry,
        results: Vec<ArrayViewMut2<'a, T>>,
    ) -> Result<Box<dyn Tasks + 'a>, Error> {
        let body = self.body::<T>(registry)?;
        let slot = |(task, results): (usize, ArrayViewMut2<'a, T>)| {
            results.into_slice().ok_or_else(|| placement::Error { name: "out".into(), task })
        };
        let slots = results.into_iter().enumerate().map(slot).collect::<Result<_, _>>()?;
        Ok(Box::new(Calls { call: self, body, slots }))
    }

    /// The function, which writes `T`.
    ///
    /// # Errors
    /// [`Error::Unknown`], where `registry` lacks the function, and [`Error::Element`], where it writes another type.
    pub(crate) fn body<'a, T: Value>(&self, registry: &'a Registry) -> Result<&'a Body<T>, Error> {
        let function = registry.function(&self.name)?;
        T::body(function).ok_or_else(|| Error::Element {
            name: self.name.clone(),
            writes: function.element(),
            given: T::ELEMENT,
        })
    }

    /// What results of runs are compared with.
    pub(super) fn judge(&self, placement: &Placement) -> Judge {
        let items = self.items;
        match self.element {
            Element::F32 => Judge::new(placement, Learnt::<f32> { items, right: Vec::new() }),
            Element::F64 => Judge::new(placement, Learnt::<f64> { items, right: Vec::new() }),
            Element::Bytes => Judge::new(placement, Learnt::<u8> { items, right: Vec::new() }),
        }
    }
}

/// Calls of a function, and the memory of their results.
struct Calls<'a, T> {
    call: &'a FunctionCall,
    body: &'a Body<T>,
    slots: Vec<&'a mut [T]>,
}

impl<T: Value> Tasks for Calls<'_, T> {
    fn len(&self) -> usize {
        self.slots.len()
    }

    /// Calls it with items of which the whole run has as many as it is long, spread over all items.
    fn run_part(&mut self, part: Range<usize>, place: usize, of: usize, on: &Limited<'_>) -> Result<(), TaskErrors> {
        let FunctionCall { items, parameters, .. } = self.call;
        let portion = Portion { items: *items, count: of };
        let cx = Context::new(*items, on.op_threads(), parameters);
        let call = |at, slot: &mut &mut [T]| (self.body)(&cx, portion.item(place + at), slot);
        on.for_part(portion.count, *items)
            .for_each_mut(&mut self.slots[part], call)
            .map_err(|errors| portion.by_item(TaskErrors { index: place + errors.index, ..errors }))
    }

    fn once(&mut self, index: usize, on: &Limited<'_>) -> Result<(), BoxError> {
        let cx = Context::new(self.call.items, on.op_threads(), &self.call.parameters);
        let portion = Portion { items: self.call.items, count: self.slots.len() };
        (self.body)(&cx, portion.item(index), self.slots[index])
    }
}

/// The results of a serial run.
struct Learnt<T> {
    items: usize,
    /// The results of each item.
    right: Vec<Vec<T>>,
}

impl<T: Value + Pod> Expected for Learnt<T> {
    fn check(&self, run: &Run<'_>) -> Result<f64, Wrong> {
        let portion = Portion { items: self.items, count: run.tasks };
        for (place, right) in self.right.iter().enumerate().take(run.tasks) {
            let written = run.result::<T>(place);
            let differs = |(a, b): (&T, &T)| bytemuck::bytes_of(a) != bytemuck::bytes_of(b);
            if let Some(at) = written.iter().zip(right).position(differs) {
                let (got, expected) = (format!("{:?}", written[[0, at]]), format!("{:?}", right[at]));
                return Err(Wrong::Differs { item: portion.item(place), at, got, expected });
            }
        }
        Ok(0.0)
    }

    fn learn(&mut self, run: &Run<'_>) {
        self.right = (0..run.tasks).map(|place| run.result::<T>(place).iter().copied().collect()).collect();
    }

    fn learnt(&self, task: usize) -> &[u8] {
        self.right.get(task).map_or(&[], |right| bytemuck::cast_slice(right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combination::Combination;
    use crate::engine::Engine;
    use crate::workload::{Maker, Operands};

    fn registry() -> Registry {
        Registry::new()
            .with_function("squares", |_, item, out: &mut [f64]| {
                out.fill((item * item) as f64);
                Ok(())
            })
            .with_function("white", |_, _, out: &mut [u8]| {
                out.fill(0xff);
                Ok(())
            })
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_the_reason() {
        let said = |name, items, len, parameters: &[f64]| {
            Workload::function(&registry(), name, items, len, parameters).unwrap_err().to_string()
        };
        assert_eq!(said("square", 1, 1, &[]), "unknown function `square`; registered: squares, white");
        assert_eq!(said("squares", 0, 1, &[]), "0 items; expected at least 1");
        assert_eq!(said("squares", 1, 0, &[]), "0 results an item; expected at least 1");
        assert_eq!(said("squares", 1, 1, &[2.0, f64::NAN]), "parameter NaN; expected a finite number");
        assert!(said("squares", usize::MAX, 2, &[]).contains("beyond 2^63 bytes"));
        assert!(Workload::function(&registry(), "squares", 1, usize::MAX, &[]).is_err());
    }

    #[test]
    fn what_a_function_writes_is_learnt_and_told_from_what_nobody_wrote() {
        for (name, len) in [("squares", 3), ("white", 7)] {
            let (registry, all) = (registry(), Workload::function(&registry(), name, 100, len, &[]).unwrap());
            let workload = all.with_fewer_tasks(10);
            let text = serde_json::to_string(&workload).unwrap();
            assert_eq!(serde_json::from_str::<Workload>(&text).unwrap(), workload, "{text}");
            let mut operands = Operands::new(&Maker::default(), &workload, 0).unwrap();
            let mut judge = workload.judge(operands.placement(), &[], 0).unwrap();
            let engine = Engine::for_functions(&Combination::serial("fn", gingham_core::OpThreads::ONE)).unwrap();
            let run = |operands: &mut Operands| {
                let mut tasks = operands.tasks(&workload, &registry).unwrap();
                assert_eq!(tasks.len(), 10);
                tasks.run(0..10, &engine.limited().unwrap()).unwrap();
            };
            run(&mut operands);
            judge.learn(operands.outputs(), 10);
            assert_eq!(judge.check("fn", operands.outputs(), 10), Ok(0.0));
            judge.poison(operands.outputs_mut(), 10);
            let wrong = judge.check("fn", operands.outputs(), 10).unwrap_err();
            assert!(matches!(wrong, Wrong::Differs { item: 5, at: 0, .. }), "{wrong}");
            run(&mut operands);
            assert_eq!(judge.check("fn", operands.outputs(), 10), Ok(0.0));
        }
    }

    #[test]
    fn a_function_that_writes_something_else_is_refused() {
        let workload = Workload::function(&registry(), "squares", 2, 8, &[]).unwrap();
        let other = Registry::new().with_function("squares", |_, _, _: &mut [u8]| Ok(()));
        let refused = Operands::new(&Maker::default(), &workload, 0)
            .unwrap()
            .tasks(&workload, &other)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert_eq!(refused, "the function `squares` writes bytes here; the workload has f64");
    }
}
