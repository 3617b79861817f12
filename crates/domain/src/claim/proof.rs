//! How a human proves that an agent is theirs, and who reads the proof.
//!
//! The module owns what a proof names and when two are of the same owner. It refuses to know how a network
//! is spoken to: that is for the [`ProofReader`].

use std::fmt;
use std::pin::Pin;

use url::{Host, Url};

use crate::secret::VerificationCode;
use crate::text::{self, TextError};

/// A way to prove that an agent is one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimMethod {
    /// A public post that holds the verification code.
    Post,
    /// A file on a domain that holds it.
    WellKnown,
    /// A TXT record of a domain that holds it.
    Dns,
}

impl ClaimMethod {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Post, Self::WellKnown, Self::Dns];

    /// Its name in bodies, answers and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::WellKnown => "well-known",
            Self::Dns => "dns",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// The address of a public post, in one form whatever it was written in.
///
/// ```
/// use clankdin_domain::claim::PostUrl;
///
/// let post = PostUrl::parse("https://mobile.twitter.com/kai/status/1234567890?s=20")?;
/// assert_eq!(post.as_str(), "https://x.com/kai/status/1234567890");
/// assert_eq!(post.id(), "1234567890");
/// # Ok::<(), clankdin_domain::text::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostUrl {
    url: String,
    id: String,
}

/// Where people read posts and find accounts.
const POST_HOSTS: [&str; 6] =
    ["x.com", "www.x.com", "mobile.x.com", "twitter.com", "www.twitter.com", "mobile.twitter.com"];

fn is_of_platform(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| POST_HOSTS.contains(&host))
        && url.port().is_none()
}

impl PostUrl {
    const TAKES: TextError =
        TextError::Malformed("the address of a post, like https://x.com/<account>/status/<id>");

    /// Reads the address that a human has copied.
    ///
    /// # Errors
    ///
    /// [`TextError`], for what is no address of a post, or holds a secret.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        let url = text::parse_url(input, Self::TAKES)?;
        let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
        let (account, id) = match segments.as_slice() {
            ["i", "web", "status", id, ..] | ["i", "status", id, ..] => ("i", *id),
            [account, "status" | "statuses", id, ..] => (*account, *id),
            _ => return Err(Self::TAKES),
        };
        let id_is_one = (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
        if is_of_platform(&url) && id_is_one && Account::of_platform(account).is_some() {
            Ok(Self { url: format!("https://x.com/{account}/status/{id}"), id: id.to_owned() })
        } else {
            Err(Self::TAKES)
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The number of the post. The account beside it in the address names nobody: the platform does not look
    /// at it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A domain whose owner proves something: a name, in lower case and in ASCII. A port may stand behind it;
/// whether that is taken is for the [`ProofReader`] to say.
///
/// ```
/// use clankdin_domain::claim::ProofDomain;
///
/// assert_eq!(ProofDomain::parse("Bücher.example.")?.as_str(), "xn--bcher-kva.example");
/// assert!(ProofDomain::parse("192.0.2.1").is_err());
/// assert!(ProofDomain::parse("example.com/path").is_err());
/// # Ok::<(), clankdin_domain::text::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofDomain {
    name: String,
    port: Option<u16>,
    text: String,
}

impl ProofDomain {
    const TAKES: TextError = TextError::Malformed("the name of a domain, like example.com");
    /// The longest name that a domain can have.
    const MAX_LENGTH: usize = 253;

    /// Reads the name of a domain.
    ///
    /// # Errors
    ///
    /// [`TextError`], for what is no name of a domain.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        let line = text::parse_line(input, 1..=Self::MAX_LENGTH)?;
        if line.contains(['/', '\\', '?', '#', '@']) {
            return Err(Self::TAKES);
        }
        let url = Url::parse(&format!("https://{line}/")).map_err(|_| Self::TAKES)?;
        let Some(Host::Domain(name)) = url.host() else { return Err(Self::TAKES) };
        let name = name.strip_suffix('.').unwrap_or(name);
        let labels_are_some = !name.split('.').any(str::is_empty);
        let characters_are_a_names =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if !labels_are_some || !characters_are_a_names || name.len() > Self::MAX_LENGTH {
            return Err(Self::TAKES);
        }
        let text = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        Ok(Self { name: name.to_owned(), port: url.port(), text })
    }

    /// The name, with the port where there is one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, unless it is the one of `https`.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

/// Where the verification code is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// In this post.
    Post(PostUrl),
    /// In the file `/.well-known/clankdin.txt` of this domain.
    WellKnown(ProofDomain),
    /// In a TXT record of `_clankdin.` and this domain.
    Dns(ProofDomain),
}

impl Proof {
    /// What kind of proof it is.
    #[must_use]
    pub fn method(&self) -> ClaimMethod {
        match self {
            Self::Post(_) => ClaimMethod::Post,
            Self::WellKnown(_) => ClaimMethod::WellKnown,
            Self::Dns(_) => ClaimMethod::Dns,
        }
    }
}

/// Who published the code: an account of the platform, or a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(String);

impl Account {
    /// An account of the platform by its name, without an `@`.
    #[must_use]
    pub fn of_platform(name: &str) -> Option<Self> {
        let is_one = (1..=50).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_one.then(|| Self(name.to_owned()))
    }

    /// The account whose page is at that address of the platform's.
    ///
    /// ```
    /// use clankdin_domain::claim::Account;
    ///
    /// let account = Account::at("https://x.com/kai").ok_or("none")?;
    /// assert_eq!(account.as_str(), "kai");
    /// assert!(Account::at("https://x.com.evil.example/kai").is_none());
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn at(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok().filter(is_of_platform)?;
        let mut segments = url.path_segments()?;
        let account = segments.next().and_then(Self::of_platform);
        account.filter(|_| segments.all(str::is_empty))
    }

    /// The owner of a domain.
    #[must_use]
    pub fn of_domain(domain: &ProofDomain) -> Self {
        Self(domain.text.clone())
    }

    /// What was read before and stored since.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name of the account, or the domain.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who has proved that an agent is theirs, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// How.
    pub method: ClaimMethod,
    /// Who.
    pub account: Account,
}

impl Proven {
    /// Whether both are one owner's: accounts and domains ignore case, and a domain is its owner's whichever
    /// way it proves that.
    #[must_use]
    pub fn is_of_same(&self, other: &Self) -> bool {
        let is_account = |proven: &Self| proven.method == ClaimMethod::Post;
        is_account(self) == is_account(other)
            && self.account.as_str().eq_ignore_ascii_case(other.account.as_str())
    }
}

/// Why a proof does not hold. Of what was found it tells no content: who asks may not be who can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofFault {
    /// The place is none that may be looked at.
    Forbidden(String),
    /// The code is not there, or the place could not be looked at.
    Failed {
        /// What was looked for, and where.
        sought: String,
        /// What was there instead.
        found: String,
    },
}

impl fmt::Display for ProofFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(why) => f.write_str(why),
            Self::Failed { sought, found } => write!(f, "looked for {sought}, and found {found}"),
        }
    }
}

impl std::error::Error for ProofFault {}

/// Ready when a proof has been read.
pub type ReadingProof<'a> = Pin<Box<dyn Future<Output = Result<Account, ProofFault>> + 'a>>;

/// Reads proofs where they are published. It takes its time: never inside a transaction.
pub trait ProofReader: Send + Sync {
    /// Looks for the code, and tells who published it.
    fn read<'a>(&'a self, proof: &'a Proof, code: &'a VerificationCode) -> ReadingProof<'a>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_post_is_known_by_each_of_its_addresses() {
        for (address, kept) in [
            ("https://x.com/Kai_1/status/42", "https://x.com/Kai_1/status/42"),
            ("http://www.twitter.com/kai/statuses/42/", "https://x.com/kai/status/42"),
            (" https://twitter.com/kai/status/42/photo/1?s=20#top ", "https://x.com/kai/status/42"),
            ("https://x.com/i/web/status/42", "https://x.com/i/status/42"),
        ] {
            assert_eq!(PostUrl::parse(address).unwrap().as_str(), kept, "{address}");
        }
    }

    #[test]
    fn what_is_no_post_is_refused() {
        for address in [
            "",
            "x.com/kai/status/42",
            "https://x.com/kai",
            "https://x.com/kai/status/",
            "https://x.com/kai/status/4x2",
            "https://x.com/kai/status/123456789012345678901",
            "https://x.com.evil.example/kai/status/42",
            "https://evil.example/x.com/kai/status/42",
            "https://x.com@evil.example/kai/status/42",
            "https://x.com:8443/kai/status/42",
            "ftp://x.com/kai/status/42",
            "https://x.com/k%61i/status/42",
            "https://127.0.0.1/kai/status/42",
        ] {
            assert!(PostUrl::parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_domain_is_a_name_and_nothing_else() {
        for (input, text) in [("Example.COM", "example.com"), ("a.example:8443", "a.example:8443")] {
            assert_eq!(ProofDomain::parse(input).unwrap().as_str(), text);
        }
        assert_eq!(ProofDomain::parse("a.example:443").unwrap().as_str(), "a.example");
        for input in [
            "",
            "https://example.com",
            "user@example.com",
            "example.com/x",
            "example.com?x",
            "exa mple.com",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "a..example",
            "example.com:99999",
            "example*.com",
        ] {
            assert!(ProofDomain::parse(input).is_err(), "{input}");
        }
    }

    #[test]
    fn one_owner_is_known_whatever_the_case_and_a_domain_is_no_account() {
        let proven = |method, account: &str| Proven { method, account: Account::from_stored(account.into()) };
        let kai = proven(ClaimMethod::Post, "Kai");
        assert!(kai.is_of_same(&proven(ClaimMethod::Post, "kai")));
        assert!(!kai.is_of_same(&proven(ClaimMethod::Post, "kaia")));
        assert!(!kai.is_of_same(&proven(ClaimMethod::Dns, "kai")));
        let domain = proven(ClaimMethod::Dns, "kai.example");
        assert!(domain.is_of_same(&proven(ClaimMethod::WellKnown, "kai.example")));
    }

    proptest! {
        #[test]
        fn an_address_that_is_kept_reads_back_as_itself(text in "https://(x|twitter)\\.com/[\\PC]{0,40}") {
            if let Ok(post) = PostUrl::parse(&text) {
                prop_assert_eq!(PostUrl::parse(post.as_str()), Ok(post));
            }
        }

        #[test]
        fn a_domain_that_is_kept_reads_back_as_itself(text in "\\PC{1,40}") {
            if let Ok(domain) = ProofDomain::parse(&text) {
                prop_assert_eq!(ProofDomain::parse(domain.as_str()), Ok(domain));
            }
        }
    }
}
