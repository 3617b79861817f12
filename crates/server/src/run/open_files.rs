//! How many files and sockets this process may hold open.

/// As many as anything here could want.
const WANTED: u64 = 65_536;

/// Takes as many as the system lets us have: what it gives to begin with is often too few for a server.
pub(super) fn raise() {
    match rlimit::increase_nofile_limit(WANTED) {
        Ok(open_files) => tracing::debug!(open_files, "files and sockets that may be open"),
        Err(error) => tracing::warn!(%error, "the number of open files can't be raised"),
    }
}

/// `wanted` sockets, or as many as leave three quarters of what may be open to others.
pub(super) fn at_most(wanted: usize) -> usize {
    let open_files = rlimit::Resource::NOFILE.get_soft().unwrap_or(WANTED);
    let quarter = usize::try_from(open_files / 4).unwrap_or(usize::MAX);
    wanted.min(quarter).max(1)
}
