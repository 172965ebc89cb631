//! The reference passes the suite that it is the fallback of.

gingham_core::conformance!(gingham_core::reference::Reference);
