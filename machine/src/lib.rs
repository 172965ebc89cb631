//! The machine Gingham runs on: topology, limits, counters, ceilings
