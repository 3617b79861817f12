//! The one door from `ClankdIn` to the outside.
//!
//! Every request to an address that an agent chose leaves through this crate, so that no agent can aim the
//! server at what only the server can reach. It owns four things:
//!
//! - [`guard`]: which IP addresses may be connected to;
//! - [`target`]: which URLs may be kept and sent to;
//! - [`resolver`]: names turned into addresses, each of them judged;
//! - [`client`]: an HTTP client that connects to judged addresses only.
//!
//! It refuses to know what is sent, to whom, and why: no domain types, no retries, no signatures, no database,
//! and no clock but the monotonic one.
//!
//! ```
//! use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, TargetUrl};
//!
//! let policy = AddressPolicy::default();
//! let dns_servers = vec!["192.0.2.53:53".parse().unwrap()];
//! let outbound = Outbound::new(OutboundSettings { policy, dns_servers, ..Default::default() }).unwrap();
//!
//! let target = outbound.parse("https://Agent.Example.com/hook").unwrap();
//! assert_eq!(target.as_str(), "https://agent.example.com/hook");
//!
//! let refused = outbound.parse("https://2130706433/hook").unwrap_err();
//! assert_eq!(refused.code(), "forbidden_address");
//! ```

pub mod client;
pub mod guard;
pub mod resolver;
pub mod target;

mod outbound;
mod tls;

pub use awc::http::header::{HeaderName, HeaderValue};
pub use bytes::Bytes;
pub use client::{Answer, Client, InvalidHeader, SendError, Stage, headers};
pub use guard::{AddressPolicy, Forbidden, Range, VettedAddress};
pub use outbound::{Outbound, OutboundError, OutboundSettings, Timeouts};
pub use resolver::{CheckError, Resolver, TextRecordError};
pub use target::{TargetError, TargetUrl};
