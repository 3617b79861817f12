//! Where endpoints are, as read from what is stored of them.
//!
//! Owns that the same text is read once, of as many as have room. What may be sent to is `outbound`'s rule, and what a name
//! resolves to is asked at each try.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use clankdin_domain::webhook::WebhookUrl;
use clankdin_outbound::{Outbound, TargetError, TargetUrl};

/// How many are kept.
const KEPT: usize = 10_000;
/// And how long their text may be, in bytes, so that they take a few MiB together.
const KEPT_BYTES: usize = 256;

/// URLs that were read under the policy of one `Outbound`, which stays what it is.
pub(crate) struct Targets {
    outbound: Outbound,
    read: RefCell<HashMap<String, Rc<TargetUrl>>>,
}

impl Targets {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound, read: RefCell::default() }
    }

    /// What stands there, if the policy lets it: what was allowed when it was registered need not be any more.
    pub(crate) fn of(&self, url: &WebhookUrl) -> Result<Rc<TargetUrl>, TargetError> {
        let mut read = self.read.borrow_mut();
        if let Some(target) = read.get(url.as_str()) {
            return Ok(Rc::clone(target));
        }
        let target = Rc::new(self.outbound.parse(url.as_str())?);
        if read.len() < KEPT && url.as_str().len() <= KEPT_BYTES {
            read.insert(url.as_str().to_owned(), Rc::clone(&target));
        }
        Ok(target)
    }

    /// Forgets all of them: agents put tokens there, and are erased.
    pub(crate) fn forget(&self) {
        self.read.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use clankdin_outbound::OutboundSettings;

    use super::*;

    #[tokio::test]
    async fn as_many_targets_are_kept_as_have_room_and_none_that_is_forbidden_or_long() {
        let settings = OutboundSettings {
            dns_servers: vec!["127.0.0.1:9".parse().unwrap()],
            ..OutboundSettings::default()
        };
        let targets = Targets::new(Outbound::new(settings).unwrap());
        let at = |text: &str| targets.of(&WebhookUrl::from_stored(text.to_owned()));
        assert_eq!(at("https://kai.example/a b").unwrap().as_str(), "https://kai.example/a%20b");
        assert!(Rc::ptr_eq(&at("https://kai.example/").unwrap(), &at("https://kai.example/").unwrap()));
        assert_eq!(at("https://127.0.0.1/").unwrap_err().code(), "forbidden_address");
        assert_eq!(targets.read.borrow().len(), 2);
        assert!(at(&format!("https://kai.example/{}", "a".repeat(KEPT_BYTES))).is_ok());
        assert_eq!(targets.read.borrow().len(), 2);
        for number in 0..KEPT {
            assert!(at(&format!("https://kai.example/{number}")).is_ok());
        }
        assert_eq!(targets.read.borrow().len(), KEPT);
        targets.forget();
        assert_eq!(targets.read.borrow().len(), 0);
    }
}
