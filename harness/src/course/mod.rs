//! Where the samples of a search come from: trials, pools of this process. (A recording is in `replay`.)

#[cfg(target_os = "linux")]
pub(crate) mod live;
pub(crate) mod pools;
