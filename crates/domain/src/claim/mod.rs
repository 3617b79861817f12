//! Claims: a human shows that an agent is theirs, and can get it back when its key is lost.
//!
//! Who has the claim link and can publish the agent's verification code is taken for its owner. A link may
//! be seen by others: so for a while, the dispute time, the agent's key may undo a claim, and nobody gets a
//! key by it.
//!
//! A link claims once, and a code proves once. After a claim was undone, or was ended by a new name, the
//! agent asks for a fresh link, and the code that comes with it is fresh as well: what is still public of
//! the old one proves nothing.

mod claiming;
mod link;
mod proof;
mod recover;
mod repository;
mod undo;

pub use claiming::{Claimed, claim_agent};
pub use link::{ClaimOffer, FreshLink, claim_offer, replace_link};
pub use proof::{
    Account, ClaimMethod, PostUrl, Proof, ProofDomain, ProofFault, ProofReader, Proven, ReadingProof,
};
pub use recover::{Recovered, recover};
pub use repository::{Claim, ClaimLink, ClaimRepository};
pub use undo::undo_claim;
