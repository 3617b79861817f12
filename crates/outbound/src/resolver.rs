//! Names turned into addresses, each of them judged.
//!
//! Owns the questions to the name servers. Nothing leaves this module unjudged: an answer is kept for as long as
//! it says itself (five minutes at most), but its verdict never is, and whoever connects does so to the very
//! addresses that were judged for this connection. It knows neither ports nor HTTP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use hickory_resolver::system_conf::read_system_conf;
use url::Host;

use crate::guard::{AddressPolicy, Forbidden, VettedAddress};
use crate::target::TargetUrl;

const CACHED_NAMES: u64 = 4_096;
const LONGEST_TTL: Duration = Duration::from_mins(5);
/// Short, so that a name that was made a moment ago is found soon.
const LONGEST_NEGATIVE_TTL: Duration = Duration::from_secs(10);

/// Resolves names and judges what they resolve to. Cheap to clone; clones share what they keep.
#[derive(Clone)]
pub struct Resolver {
    names: Arc<TokioResolver>,
    settings: Arc<(ResolverConfig, ResolverOpts)>,
    policy: Arc<AddressPolicy>,
    bound: Duration,
}

/// What stands in no record, or could not be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TextRecordError {
    /// What the name servers said.
    pub reason: String,
}

/// Why a host may not be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The host has an address that may not be connected to. One is enough, however many others there are.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The name has no address now; it may have one later.
    #[error("the host name could not be resolved: {reason}")]
    Unresolvable {
        /// What the name servers said.
        reason: String,
    },
}

impl Resolver {
    /// `servers` are the name servers to ask; without any, the system's configuration is used. `bound` is the
    /// longest time that one name may take.
    ///
    /// # Errors
    ///
    /// When the system's configuration can't be read.
    pub(crate) fn new(
        policy: Arc<AddressPolicy>,
        servers: &[SocketAddr],
        bound: Duration,
    ) -> Result<Self, NetError> {
        let (config, mut options) = if servers.is_empty() {
            read_system_conf()?
        } else {
            let mut options = ResolverOpts::default();
            options.use_hosts_file = ResolveHosts::Never;
            (ResolverConfig::from_name_servers(servers.iter().map(name_server).collect()), options)
        };
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.cache_size = CACHED_NAMES;
        options.positive_max_ttl = Some(LONGEST_TTL);
        options.negative_max_ttl = Some(LONGEST_NEGATIVE_TTL);
        // A lost packet is asked for again within the bound.
        options.timeout = bound / 2;
        options.attempts = 2;
        let names = Arc::new(build(config.clone(), options.clone())?);
        Ok(Self { names, settings: Arc::new((config, options)), policy, bound })
    }

    /// One with the same settings that shares nothing with this one, for a thread of its own: what a resolver has
    /// under way lives on the thread that began it, and should not wait for another's work.
    #[must_use]
    pub fn detached(&self) -> Self {
        let (config, options) = &*self.settings;
        match build(config.clone(), options.clone()) {
            Ok(names) => Self { names: Arc::new(names), ..self.clone() },
            Err(_) => self.clone(),
        }
    }

    /// One with the same settings that judges by another policy.
    pub(crate) fn judging_by(&self, policy: AddressPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self.clone() }
    }

    /// Resolves the host of a URL and judges all its addresses. For the moment when an agent registers a URL:
    /// the answer says nothing about later, and each connection is judged anew.
    ///
    /// # Errors
    ///
    /// [`CheckError::Forbidden`] when any of the addresses may not be connected to, [`CheckError::Unresolvable`]
    /// when there is none.
    pub async fn check(&self, target: &TargetUrl) -> Result<Vec<VettedAddress>, CheckError> {
        self.vet(target.host()).await
    }

    /// As [`Resolver::check`], for a host as it stands in a URI: a name, or an IP address in any notation. There
    /// is at least one address in what it returns.
    pub(crate) async fn vet(&self, host: &str) -> Result<Vec<VettedAddress>, CheckError> {
        let unresolvable = |reason: String| CheckError::Unresolvable { reason };
        // The notations of an IPv4 address are many (`2130706433`, `0x7f.1`): whatever a URL parser would take for
        // one is judged as one, and never asked for as a name.
        let addresses = match Host::parse(host).map_err(|error| unresolvable(error.to_string()))? {
            Host::Ipv4(address) => vec![IpAddr::V4(address)],
            Host::Ipv6(address) => vec![IpAddr::V6(address)],
            Host::Domain(name) => self.resolve(&name).await.map_err(unresolvable)?,
        };
        let mut vetted =
            addresses.into_iter().map(|ip| self.policy.judge(ip)).collect::<Result<Vec<_>, _>>()?;
        vetted.dedup();
        if vetted.is_empty() {
            return Err(unresolvable("the name has no addresses".to_owned()));
        }
        Ok(vetted)
    }

    pub(crate) fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// The TXT records of a name, each with its strings put together. Nobody is connected to but the name
    /// servers.
    ///
    /// # Errors
    ///
    /// When there are none, or the name servers don't say so in time.
    pub(crate) async fn text_records(&self, name: &str) -> Result<Vec<Vec<u8>>, TextRecordError> {
        let asked = async {
            match tokio::time::timeout(self.bound, self.names.txt_lookup(qualified(name)?)).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => Err(reason(&error, "TXT records")),
                Err(_) => Err(self.too_slow()),
            }
        };
        let found = asked.await.map_err(|reason| TextRecordError { reason })?;
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        Ok(texts.collect())
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        match tokio::time::timeout(self.bound, self.names.lookup_ip(qualified(name)?)).await {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(error)) => Err(reason(&error, "addresses")),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn too_slow(&self) -> String {
        format!("no answer within {:?}", self.bound)
    }
}

/// Fully qualified, or the search list of the system would find our own hosts by an agent's short names.
fn qualified(name: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(name).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

/// Without the names and the addresses of our own servers.
fn reason(error: &NetError, sought: &str) -> String {
    if error.is_nx_domain() {
        "there is no such name".to_owned()
    } else if error.is_no_records_found() {
        format!("the name has no {sought}")
    } else if matches!(error, NetError::Timeout) {
        "the name servers did not answer in time".to_owned()
    } else {
        "the name servers gave no answer".to_owned()
    }
}

fn build(config: ResolverConfig, options: ResolverOpts) -> Result<TokioResolver, NetError> {
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}
