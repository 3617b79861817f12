//! A domain that holds the code: in a file, or in a TXT record.

use clankdin_domain::claim::{Account, ProofDomain, ProofFault};
use clankdin_domain::secret::VerificationCode;
use clankdin_outbound::TargetUrl;
use clankdin_outbound::client::MAX_ANSWER_BYTES;

use crate::{Proofs, Sought, measures};

impl Proofs {
    pub(crate) async fn read_file(
        &self,
        domain: &ProofDomain,
        code: &VerificationCode,
    ) -> Result<Account, ProofFault> {
        // Behind another port than the usual one may be somebody else than the domain's owner.
        if domain.port().is_some() && !self.guarded.policy().allow_private {
            return Err(port_is_refused());
        }
        let url = format!("https://{}/.well-known/clankdin.txt", domain.as_str());
        let sought = Sought::in_place(code, &format!("in the file {url}"));
        let target = self.target(&url)?;
        let answer = self.guarded.client().get(&target, Vec::new(), MAX_ANSWER_BYTES).await;
        let answer = answer.map_err(|error| sought.but_failed(&error))?;
        let measures = measures(&answer, MAX_ANSWER_BYTES);
        if answer.status != 200 {
            return Err(sought.but_found(measures));
        }
        if !code.stands_in(&String::from_utf8_lossy(&answer.body)) {
            return Err(sought.but_found(format!("{measures}, in which the code does not stand")));
        }
        Ok(Account::of_domain(domain))
    }

    pub(crate) async fn read_text_records(
        &self,
        domain: &ProofDomain,
        code: &VerificationCode,
    ) -> Result<Account, ProofFault> {
        if domain.port().is_some() {
            return Err(port_is_refused());
        }
        // Nobody is connected to; but a name that means another host in each network has no owner.
        self.target(&format!("https://{}/", domain.name()))?;
        let name = format!("_clankdin.{}", domain.name());
        let sought = Sought::in_place(code, &format!("in a TXT record of {name}"));
        let records = self.guarded.text_records(&name).await;
        let records = records.map_err(|error| sought.but_found(format!("none: {error}")))?;
        if records.iter().any(|record| code.stands_in(&String::from_utf8_lossy(record))) {
            return Ok(Account::of_domain(domain));
        }
        let bytes: usize = records.iter().map(Vec::len).sum();
        let found = format!(
            "{} of {bytes} bytes in all, in which the code does not stand",
            if records.len() == 1 { "one record".to_owned() } else { format!("{} records", records.len()) }
        );
        Err(sought.but_found(found))
    }

    fn target(&self, url: &str) -> Result<TargetUrl, ProofFault> {
        self.guarded.parse(url).map_err(|error| ProofFault::Forbidden(error.to_string()))
    }
}

fn port_is_refused() -> ProofFault {
    ProofFault::Forbidden("the domain must stand without a port".to_owned())
}
