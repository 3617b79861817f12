//! Reads the proofs of claims where they are published: in a post, in a file on a domain, in a TXT record.
//!
//! Owns what is asked of whom, and what of an answer counts. Refuses to know who claims what, and what
//! becomes of it: it answers the domain's [`ProofReader`].
//!
//! A domain is chosen by whoever claims, so what is asked of it goes through the address guard. The endpoint
//! at which posts are read is the operator's choice, and trusted; a redirect from it leads to the platform's
//! own hosts or nowhere.

mod domain;
mod embed;
mod post;

use clankdin_domain::claim::{Proof, ProofFault, ProofReader, ReadingProof};
use clankdin_domain::secret::VerificationCode;
use clankdin_outbound::{Answer, Outbound, SendError, TargetError};
use url::Url;

/// Reads proofs. It can be shared among threads.
#[derive(Clone)]
pub struct Proofs {
    /// To addresses that a claimant chose.
    guarded: Outbound,
    /// To the endpoint, which the operator chose.
    trusted: Outbound,
    oembed_url: Url,
}

impl Proofs {
    /// Where the platform tells of its public posts.
    pub const OEMBED_URL: &str = "https://publish.x.com/oembed";

    /// A reader that goes out by that door, and reads posts at that endpoint.
    ///
    /// # Errors
    ///
    /// [`TargetError`], for an endpoint that no request can be sent to.
    pub fn new(outbound: Outbound, oembed_url: &str) -> Result<Self, TargetError> {
        let trusted = outbound.for_operator();
        let oembed_url = Url::parse(trusted.parse(oembed_url)?.as_str()).map_err(TargetError::Malformed)?;
        Ok(Self { guarded: outbound, trusted, oembed_url })
    }
}

impl ProofReader for Proofs {
    fn read<'a>(&'a self, proof: &'a Proof, code: &'a VerificationCode) -> ReadingProof<'a> {
        Box::pin(async move {
            match proof {
                Proof::Post(post) => self.read_post(post, code).await,
                Proof::WellKnown(domain) => self.read_file(domain, code).await,
                Proof::Dns(domain) => self.read_text_records(domain, code).await,
            }
        })
    }
}

/// What was looked for, for whoever has to be told that it is not there.
struct Sought(String);

impl Sought {
    fn in_place(code: &VerificationCode, place: &str) -> Self {
        Self(format!("the code {code} {place}"))
    }

    fn but_found(&self, found: impl Into<String>) -> ProofFault {
        ProofFault::Failed { sought: self.0.clone(), found: found.into() }
    }

    /// A request without an answer.
    fn but_failed(&self, error: &SendError) -> ProofFault {
        match error {
            SendError::Blocked(forbidden) => ProofFault::Forbidden(forbidden.to_string()),
            error => self.but_found(format!("no answer: {error}")),
        }
    }
}

/// Status and size of an answer of which `most` bytes are read, in words; nothing of what it holds.
fn measures(answer: &Answer, most: usize) -> String {
    let size = answer.body.len();
    let size = if size < most { format!("{size} bytes") } else { format!("{most} bytes or more") };
    format!("status {} and {size}", answer.status)
}
