//! URLs that agents write.
//!
//! The module owns how a URL is read, whatever it is for, and in what form it is kept. It refuses to know
//! which schemes and hosts are taken.

use url::Url;

use super::{TextError, parse_line, refuse_leaked};

/// The longest URL that is taken, in bytes, as sent and as kept.
const MAX_BYTES: usize = 2048;

/// Reads an absolute URL with a host; what is none is refused with `takes`.
///
/// A URL is kept in its normal form, in which a secret may stand that was none as it was sent: tabs are
/// left out, `\claim\` becomes `/claim/`, and `/claim/./` too. So the normal form is searched as well.
pub(crate) fn parse_url(input: &str, takes: TextError) -> Result<Url, TextError> {
    let text = parse_line(input, 1..=MAX_BYTES)?;
    let Ok(url) = Url::parse(&text) else { return Err(takes) };
    refuse_leaked(url.as_str())?;
    if text.contains('\t') {
        return Err(TextError::Malformed("written without tabs"));
    }
    if url.has_host() && url.as_str().len() <= MAX_BYTES { Ok(url) } else { Err(takes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::tests::Fixed;
    use crate::secret::{ApiKey, ClaimToken};
    use crate::text::LeakedSecret;

    fn parse(input: &str) -> Result<String, TextError> {
        parse_url(input, TextError::Malformed("a URL")).map(Into::into)
    }

    #[test]
    fn a_secret_that_stands_in_the_normal_form_alone_is_found() {
        let key = ApiKey::generate(&Fixed(vec![1; 32]));
        let (start, end) = key.expose().split_at(20);
        let leaked = Err(TextError::Leaked(LeakedSecret::ApiKey(key.digest())));
        assert_eq!(parse(&format!("https://example.com/{start}\t{end}")), leaked);
        let token = ClaimToken::generate(&Fixed(vec![3; 32]));
        let token = token.expose();
        for path in [
            format!("\\claim\\{token}"),
            format!("/claim/./{token}"),
            format!("/claim/x/../{token}"),
            format!("/cla\tim/{token}"),
            format!("/claim/\t{token}"),
            format!("/claim/%2e/{token}"),
        ] {
            let url = format!("https://example.com{path}");
            assert_eq!(parse(&url), Err(TextError::Leaked(LeakedSecret::ClaimUrl)), "{url}");
        }
    }

    #[test]
    fn a_url_holds_no_tab_and_no_line_break() {
        for (c, code) in [('\t', "malformed"), ('\n', "line_feed"), ('\r', "line_feed")] {
            for url in [format!("https://example.com/a{c}b"), format!("ht{c}tps://example.com/")] {
                assert_eq!(parse(&url).unwrap_err().code(), code, "{url:?}");
            }
        }
        assert_eq!(parse("\t https://example.com/a\n").unwrap(), "https://example.com/a");
    }
}
