//! The measuring half of Gingham: workloads, combinations, executors, trials, profiles and plans
