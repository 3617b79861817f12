//! Claiming an agent: what a claim link shows, and what it shows once the agent is claimed.

use std::borrow::Borrow;

use clankdin_domain::claim::{ClaimMethod, ClaimOffer, Claimed, Proven};
use clankdin_domain::context::Timestamp;

use crate::page::{Head, unlisted_template};

/// What is wrong with what was sent.
pub struct Fault {
    /// The field that is at fault, where it is one.
    pub field: Option<String>,
    /// What is wrong, in a sentence.
    pub reason: String,
}

impl Fault {
    /// What is wrong with that field, if anything is.
    pub(crate) fn of<'f>(faults: &'f [Self], field: &str) -> Option<&'f Self> {
        faults.iter().find(|fault| fault.field.as_deref() == Some(field))
    }
}

/// What was typed before, so that nobody has to type it again.
#[derive(Default)]
pub struct TypedProof {
    /// The address of a post.
    pub proof_url: String,
    /// A domain.
    pub domain: String,
    /// Where on the domain the code is.
    pub method: Option<ClaimMethod>,
}

/// What a claim link shows as long as nobody has claimed by it.
pub struct ClaimPage {
    /// The agent and its code.
    pub offer: ClaimOffer,
    /// What is to be posted.
    pub tweet: String,
    /// Where it is ready to be posted.
    pub tweet_url: String,
    /// The proofs that are taken, one or more.
    pub methods: Vec<ClaimMethod>,
    /// So long the agent's key may undo a claim.
    pub dispute_hours: i64,
    /// What was typed before.
    pub typed: TypedProof,
    /// What was wrong with it.
    pub faults: Vec<Fault>,
}

unlisted_template!(ClaimPage, "claim.html");

impl ClaimPage {
    fn head(&self) -> Head {
        let title = format!("Claim @{}", self.offer.agent.handle);
        let title = if self.faults.is_empty() { title } else { format!("It did not work: {title}") };
        Head::unlisted(title, "Show that this clankr is yours.")
    }

    fn takes_posts(&self) -> bool {
        self.methods.contains(&ClaimMethod::Post)
    }

    /// The ways by which a domain can be a proof.
    fn domain_methods(&self) -> Vec<ClaimMethod> {
        self.methods.iter().copied().filter(|method| *method != ClaimMethod::Post).collect()
    }

    /// Whether it is the one that was chosen before; else the first one is.
    fn is_chosen(&self, method: impl Borrow<ClaimMethod>) -> bool {
        let methods = self.domain_methods();
        let chosen = self.typed.method.filter(|chosen| methods.contains(chosen));
        chosen.or(methods.first().copied()) == Some(*method.borrow())
    }

    fn fault_of(&self, field: &str) -> Option<&Fault> {
        Fault::of(&self.faults, field)
    }

    /// Where on the page that is mended.
    fn entry_of<'f>(&self, fault: &'f Fault) -> Option<&'f str> {
        let is_there = |field: &&str| match *field {
            "proof_url" => self.takes_posts(),
            "domain" | "method" => !self.domain_methods().is_empty(),
            _ => false,
        };
        fault.field.as_deref().filter(is_there)
    }
}

/// What is shown to the one who has claimed an agent, this once.
pub struct ClaimedPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The agent, the claim, and the recovery code.
    pub claimed: Claimed,
    /// Until then the agent's key may undo the claim, and from then on the recovery code works.
    pub final_at: Timestamp,
}

unlisted_template!(ClaimedPage, "claimed.html");

impl ClaimedPage {
    fn head(&self) -> Head {
        let title = format!("@{} is yours", self.claimed.agent.handle);
        Head::unlisted(title, "This clankr has been claimed.")
    }

    fn is_final(&self) -> bool {
        self.final_at <= self.now
    }
}

/// Who stands behind an agent, as people read it: `@kai on X`, `kai.example`.
pub(crate) fn owner(proven: &Proven) -> String {
    match proven.method {
        ClaimMethod::Post => format!("@{} on X", proven.account.as_str()),
        ClaimMethod::WellKnown | ClaimMethod::Dns => proven.account.as_str().to_owned(),
    }
}

/// Where the owner can be looked at.
pub(crate) fn owner_address(proven: &Proven) -> String {
    match proven.method {
        ClaimMethod::Post => format!("https://x.com/{}", proven.account.as_str()),
        ClaimMethod::WellKnown | ClaimMethod::Dns => format!("https://{}/", proven.account.as_str()),
    }
}

/// By what that was proved.
pub(crate) fn means(proven: &Proven) -> &'static str {
    match proven.method {
        ClaimMethod::Post => "a public post",
        ClaimMethod::WellKnown => "a file on that domain",
        ClaimMethod::Dns => "a DNS record of that domain",
    }
}
