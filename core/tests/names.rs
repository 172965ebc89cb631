//! Names and counts that users type: operations, element types, backends, op threads.

use gingham_core::reference::Reference;
use gingham_core::{
    Backend, BackendId, Binary, DType, Distribution, Error, Op, OpThreads, Registry, Support, Threading, Unary,
};

#[test]
fn every_operation_and_element_type_is_read_back_from_its_name() {
    assert_eq!(Op::all().count(), 3 + Unary::ALL.len() + Binary::ALL.len() + Distribution::ALL.len());
    Op::all().for_each(|op| assert_eq!(op.to_string().parse(), Ok(op)));
    DType::ALL.iter().for_each(|dtype| assert_eq!(dtype.to_string().parse(), Ok(*dtype)));
    let names: std::collections::BTreeSet<_> = Op::all().map(Op::name).collect();
    assert_eq!(names.len(), Op::all().count());
}

#[test]
fn an_unknown_operation_or_element_type_is_told_what_there_is() {
    let said = "MatMul".parse::<Op>().unwrap_err().to_string();
    assert!(said.starts_with("unknown operation `MatMul`; available: matmul, dot, fill, neg,"), "{said}");
    assert_eq!("f16".parse::<DType>().unwrap_err().to_string(), "unknown dtype `f16`; available: f32, f64");
}

#[test]
fn op_threads_are_one_to_the_maximum() {
    for n in [1, 2, OpThreads::MAX] {
        assert_eq!(OpThreads::new(n).map(OpThreads::get), Ok(n));
    }
    for n in [0, OpThreads::MAX + 1, 1_000_000_000, usize::MAX] {
        let error = OpThreads::new(n).unwrap_err();
        assert_eq!(error, Error::ThreadCount { given: n });
        assert_eq!(error.to_string(), format!("{n} op threads; expected 1 to 4096"));
    }
}

#[test]
fn an_unknown_backend_is_told_what_there_is() {
    let registry = Registry::with_features(&["faer"]);
    assert_eq!(registry.get("reference").map(|b| b.info().id), Ok(BackendId::new("reference")));
    let said = |id: &str| registry.get(id).map(drop).unwrap_err().to_string();
    assert_eq!(said("fear"), "unknown backend `fear`; available: reference");
    let feature = "backend `faer` is not compiled in; build with `--features faer` (available now: reference)";
    assert_eq!(said("faer"), feature);
}

#[test]
#[should_panic(expected = "backend id `reference` is registered twice")]
fn a_name_is_registered_once() {
    let _ = Registry::new().with(Reference);
}

#[test]
fn the_reference_has_one_thread_and_is_nobodys_library() {
    assert_eq!(Reference.threading(), Threading::Single);
    let two = OpThreads::new(2).unwrap();
    let said = "reference: this process cannot use 2 op threads; it has no threads of its own: use 1";
    assert_eq!(Reference.limit(two).unwrap_err().to_string(), said);
    assert!(Op::all().all(|op| Reference.support(op, DType::F64) == Support::Fallback));
}
