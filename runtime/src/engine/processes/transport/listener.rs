//! Sockets by which processes of one user find each other: names of the abstract namespace, which leave no file behind.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

/// A name that nobody has.
pub(super) fn fresh_name() -> String {
    // A state of hashing is the standard library's only source of random bits.
    format!("gingham-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0))
}

/// Where processes of this user connect to.
pub(super) struct Listener {
    socket: UnixListener,
    pub(super) name: String,
}

impl Listener {
    /// Listens under `name`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(name: String) -> io::Result<Self> {
        let socket = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, name })
    }

    /// The next that has connected, with its process id, where there is one. Any user may connect; only this one's
    /// processes are told of.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn accept(&self) -> io::Result<Option<(u32, UnixStream)>> {
        loop {
            match self.socket.accept() {
                Ok((stream, _)) => {
                    if let Some(process) = peer(&stream)? {
                        return Ok(Some((process, stream)));
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
                // One that has connected and is gone again is no error of this process.
                Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Connects to the listener of that name.
///
/// # Errors
/// The system's, and one where another user has taken the name.
pub(super) fn connect(name: &str) -> io::Result<UnixStream> {
    let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    match peer(&stream)? {
        Some(_) => Ok(stream),
        None => Err(io::Error::new(ErrorKind::PermissionDenied, format!("another user has the socket {name}"))),
    }
}

/// The process at the other end, where it is this user's.
fn peer(stream: &UnixStream) -> io::Result<Option<u32>> {
    let peer = socket_peercred(stream)?;
    Ok((peer.uid == geteuid()).then(|| peer.pid.as_raw_nonzero().get().unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_tells_who_has_connected() {
        let listener = Listener::new(fresh_name()).unwrap();
        assert!(listener.accept().unwrap().is_none());
        let _ours = connect(&listener.name).unwrap();
        assert_eq!(listener.accept().unwrap().unwrap().0, std::process::id());
        assert!(Listener::new(listener.name.clone()).is_err(), "a name is nobody else's");
        assert!(connect(&fresh_name()).is_err());
    }
}
