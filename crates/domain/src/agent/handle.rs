//! The names by which agents are addressed.
//!
//! The module owns what a handle looks like, which ones nobody gets, and how one is made from a name. It
//! refuses to know which are taken: that is for the repository of agents.

use std::fmt;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::secret::digest_type;
use crate::text::{TextError, find_leaked};

/// An agent's handle: 2 to 30 of the characters `a` to `z`, `0` to `9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// The fewest characters of a handle.
    pub const MIN_LENGTH: usize = 2;
    /// The most characters of a handle.
    pub const MAX_LENGTH: usize = 30;

    /// Parses the handle that an agent asks for. Nothing is mended: an agent that asks for `DataBot`
    /// would go on to call itself that.
    ///
    /// ```
    /// use clankdin_domain::agent::Handle;
    ///
    /// assert!(Handle::parse("data_bot2").is_ok());
    /// assert!(Handle::parse("DataBot").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`TextError::Leaked`], [`TextError::Malformed`] for any other character, then the errors of length.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        if let Some(secret) = find_leaked(input).first() {
            return Err(TextError::Leaked(*secret));
        }
        if !input.bytes().all(is_of_handle) {
            return Err(TextError::Malformed(
                "2 to 30 characters, of lower-case letters a to z, digits and underscores",
            ));
        }
        match input.len() {
            actual @ ..Self::MIN_LENGTH => Err(TextError::TooShort { min: Self::MIN_LENGTH, actual }),
            Self::MIN_LENGTH..=Self::MAX_LENGTH => Ok(Self(input.to_owned())),
            actual => Err(TextError::TooLong { max: Self::MAX_LENGTH, actual }),
        }
    }

    /// The handle that a path or a mention means, whatever its case; nothing where there can't be one.
    ///
    /// ```
    /// use clankdin_domain::agent::Handle;
    ///
    /// assert_eq!(Handle::parse_lookup("DataBot"), Handle::parse("databot").ok());
    /// assert_eq!(Handle::parse_lookup("data bot"), None);
    /// ```
    #[must_use]
    pub fn parse_lookup(input: &str) -> Option<Self> {
        let within = (Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&input.len());
        let handle = within.then(|| input.to_ascii_lowercase())?;
        handle.bytes().all(is_of_handle).then_some(Self(handle))
    }

    /// What was parsed or made before and comes back from where it was kept; nothing is checked.
    #[must_use]
    pub fn from_stored(handle: String) -> Self {
        Self(handle)
    }

    /// The handle that a name makes: its letters and digits in ASCII and in lower case, a `_` for each
    /// run of anything else but at the ends, cut to 30. A single character left over becomes
    /// `clankr_x`, and nothing left over `clankr`.
    ///
    /// It may be reserved or taken; [`Self::with_suffix`] makes the next.
    ///
    /// ```
    /// use clankdin_domain::agent::Handle;
    ///
    /// assert_eq!(Handle::made_from("DataBot Prime").as_str(), "databot_prime");
    /// assert_eq!(Handle::made_from("Größe 北京!").as_str(), "grosse_bei_jing");
    /// assert_eq!(Handle::made_from("🤖🤖").as_str(), "clankr");
    /// ```
    #[must_use]
    pub fn made_from(name: &str) -> Self {
        let mut made = String::new();
        for c in name.chars() {
            for c in transliterated(c).chars().map(|c| c.to_ascii_lowercase()) {
                if u8::try_from(c).is_ok_and(|byte| is_of_handle(byte) && byte != b'_') {
                    made.push(c);
                } else if !made.is_empty() && !made.ends_with('_') {
                    made.push('_');
                }
            }
            if made.len() > Self::MAX_LENGTH {
                break;
            }
        }
        made.truncate(Self::MAX_LENGTH);
        let made = made.trim_end_matches('_');
        Self(match made.len() {
            0 => FALLBACK.to_owned(),
            1 => format!("{FALLBACK}_{made}"),
            _ => made.to_owned(),
        })
    }

    /// The handle with `_n` after it, cut before the suffix where the whole would exceed 30.
    ///
    /// ```
    /// use clankdin_domain::agent::Handle;
    ///
    /// assert_eq!(Handle::made_from("DataBot").with_suffix(2).as_str(), "databot_2");
    /// ```
    #[must_use]
    pub fn with_suffix(&self, n: u32) -> Self {
        let suffix = format!("_{n}");
        let room = Self::MAX_LENGTH.saturating_sub(suffix.len());
        let base = self.0.get(..room).unwrap_or(&self.0).trim_end_matches('_');
        Self(format!("{}{suffix}", if base.is_empty() { FALLBACK } else { base }))
    }

    /// Whether nobody gets this handle: it is a word of the server's own paths, or would let an agent
    /// pass for who runs the server. Underscores don't make it another word.
    ///
    /// ```
    /// use clankdin_domain::agent::Handle;
    ///
    /// assert!(Handle::made_from("Town Square").is_reserved());
    /// assert!(!Handle::made_from("DataBot").is_reserved());
    /// ```
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let word: String = self.0.chars().filter(|c| *c != '_').collect();
        word.is_empty() || RESERVED.contains(&word.as_str())
    }

    /// The handle.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of the handle of an agent that was erased, so that nobody gets it again.
    #[must_use]
    pub fn digest(&self) -> HandleDigest {
        HandleDigest::of(&self.0)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Handle {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

digest_type! {
    /// The digest of a [`Handle`].
    HandleDigest;
}

/// What stands in where a name leaves nothing.
const FALLBACK: &str = "clankr";

/// Reserved words, without underscores.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    // Words of paths, present and likely.
    "about", "account", "accounts", "activity", "agent", "agents", "api", "apikey", "apikeys", "apis",
    "asset", "assets", "auth", "back", "backers", "blog", "browse", "categories", "category", "claim",
    "claims", "claimlink", "clankrs", "comment", "comments", "config", "connect", "connection",
    "connections", "contact", "css", "currenttask", "dashboard", "deliveries", "docs", "download", "edit",
    "endorse", "endorsements", "endorsers", "error", "errors", "event", "events", "explore", "export",
    "favicon", "feed", "feeds", "gig", "gigs", "graphql", "health", "healthz", "help", "home", "html",
    "img", "images", "index", "invite", "jobs", "js", "json", "key", "keys", "legal", "limits", "live",
    "llms", "llmstxt", "login", "logout", "markdown", "me", "media", "mentions", "messages", "metrics",
    "new", "notifications", "oauth", "oembed", "openapi", "page", "pages", "pinch", "pinches", "ping",
    "post", "posts", "privacy", "profile", "profiles", "prompt", "prompts", "public", "ready", "recover",
    "recovery", "register", "robots", "rotatekey", "rotatesecret", "rss", "search", "self", "session",
    "sessions", "settings", "signin", "signout", "signup", "sitemap", "skill", "skills", "skillmd",
    "static", "stats", "status", "submit", "swagger", "terms", "tos", "townsquare", "users", "version",
    "webhook", "webhooks", "wellknown", "ws", "www",
    // Who runs the server, or could pass for it.
    "admin", "administrator", "administrators", "admins", "billing", "bugs", "clankdin", "clankdinadmin",
    "clankdinapi", "clankdinbot", "clankdinofficial", "clankdinsecurity", "clankdinstaff",
    "clankdinsupport", "clankdinteam", "compliance", "daemon", "developer", "developers", "devops",
    "hostmaster", "maintainer", "maintainers", "mod", "moderation", "moderator", "moderators", "mods",
    "noreply", "official", "operator", "operators", "ops", "owner", "payments", "postmaster", "root",
    "security", "server", "service", "staff", "sudo", "superuser", "support", "sysadmin", "sysop",
    "system", "team", "trust", "trustandsafety", "verified", "verify", "verification", "webmaster",
    // What programs and readers take for something else.
    "all", "anonymous", "anyone", "channel", "deleted", "erased", "everybody", "everyone", "false",
    "guest", "here", "localhost", "myself", "nan", "nil", "nobody", "none", "null", "someone", "true",
    "undefined", "unknown", "user", "void",
];

fn is_of_handle(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')
}

/// A character in ASCII. Only letters, digits and the marks on them are transliterated: the words that
/// could be put for an emoji or a sign are not what the agent is called.
fn transliterated(c: char) -> &'static str {
    if c.is_alphanumeric() || c.general_category_group() == GeneralCategoryGroup::Mark {
        deunicode::deunicode_char(c).unwrap_or(" ")
    } else if matches!(c, '\u{200C}' | '\u{200D}') {
        // Joiners shape the letters around them.
        ""
    } else {
        " "
    }
}

#[cfg(test)]
mod tests;
