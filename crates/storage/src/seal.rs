//! Sealing of secrets.
/// Seals secrets.
pub struct MasterKey;
