//! How much is done at once, to whom.

use std::net::IpAddr;

use clankdin_outbound::AddressPolicy;

use super::addresses::AddressLimit;

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Tries to one endpoint.
    pub(crate) per_endpoint: usize,
    /// Tries in all: half of them at most to endpoints that were never tried, a quarter to those whose last try
    /// failed or was slow.
    pub(crate) in_all: usize,
    /// Tries to one address.
    pub(crate) addresses: AddressLimits,
    /// How many deliveries have room in memory; from half of them on no more of the log is read while others can begin.
    pub(crate) queued: usize,
    /// How many results may wait to be written down.
    pub(crate) unrecorded: usize,
}

/// What public and private addresses may get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressLimits {
    /// An address that the guard lets everyone connect to.
    pub(crate) public: AddressLimit,
    /// One that the operator allowed.
    pub(crate) private: AddressLimit,
}

impl AddressLimits {
    pub(super) fn of(self, ip: IpAddr) -> AddressLimit {
        if self.public == self.private || AddressPolicy::default().judge(ip).is_ok() {
            self.public
        } else {
            self.private
        }
    }
}
