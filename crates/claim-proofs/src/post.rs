//! A post that holds the code, as the platform's public oEmbed endpoint tells it.

use clankdin_domain::claim::{Account, PostUrl, ProofFault};
use clankdin_domain::secret::VerificationCode;
use clankdin_outbound::{Answer, HeaderName, HeaderValue};
use url::Url;

use crate::embed::Embed;
use crate::{Proofs, Sought, measures};

/// As much of the endpoint's answer as is read, in bytes: a post of the longest, with every character
/// escaped, and what stands around it.
const MAX_ANSWER_BYTES: usize = 64 * 1_024;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// The platform's own hosts, to which the endpoint may redirect.
const PLATFORM_HOSTS: [&str; 6] =
    ["publish.x.com", "publish.twitter.com", "x.com", "twitter.com", "api.x.com", "api.twitter.com"];

impl Proofs {
    pub(crate) async fn read_post(
        &self,
        post: &PostUrl,
        code: &VerificationCode,
    ) -> Result<Account, ProofFault> {
        let place =
            format!("in the text of the post {}, as the platform's oEmbed endpoint tells it", post.as_str());
        let sought = Sought::in_place(code, &place);
        let mut url = self.oembed_url.clone();
        url.query_pairs_mut()
            .append_pair("url", post.as_str())
            .append_pair("omit_script", "true")
            .append_pair("dnt", "true");
        let answer = self.ask(url, &sought).await?;
        judge(&answer, post, code, &sought)
    }

    /// Asks the endpoint, and whom else of the platform's it sends us to.
    async fn ask(&self, mut url: Url, sought: &Sought) -> Result<Answer, ProofFault> {
        for _ in 0..=MAX_REDIRECTS {
            let door = if self.is_endpoints(&url) { &self.trusted } else { &self.guarded };
            let target =
                door.parse(url.as_str()).map_err(|error| ProofFault::Forbidden(error.to_string()))?;
            let accept = (HeaderName::from_static("accept"), HeaderValue::from_static("application/json"));
            let answer = door.client().get(&target, vec![accept], MAX_ANSWER_BYTES).await;
            let answer = answer.map_err(|error| sought.but_failed(&error))?;
            let Some(next) = redirect(&answer, &url) else { return Ok(answer) };
            if !self.is_endpoints(&next) && !is_platforms(&next) {
                let measures = measures(&answer, MAX_ANSWER_BYTES);
                return Err(sought.but_found(format!("{measures}, a redirect away from the platform")));
            }
            url = next;
        }
        Err(sought.but_found(format!("more than {MAX_REDIRECTS} redirects")))
    }

    fn is_endpoints(&self, url: &Url) -> bool {
        url.origin() == self.oembed_url.origin()
    }
}

fn is_platforms(url: &Url) -> bool {
    let host_is_one = url.host_str().is_some_and(|host| PLATFORM_HOSTS.contains(&host));
    url.scheme() == "https" && url.port().is_none() && host_is_one
}

/// Where an answer leads, if it is a redirect.
fn redirect(answer: &Answer, from: &Url) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut to = from.join(answer.location.as_deref()?).ok()?;
    to.set_fragment(None);
    Some(to)
}

/// Who wrote the post, if it is the one that was asked for and holds the code.
fn judge(
    answer: &Answer,
    post: &PostUrl,
    code: &VerificationCode,
    sought: &Sought,
) -> Result<Account, ProofFault> {
    let measures = measures(answer, MAX_ANSWER_BYTES);
    let found = |what: &str| sought.but_found(format!("{measures}{what}"));
    match answer.status {
        200 => {}
        401 | 403 | 404 | 410 => return Err(found(": the post may be deleted or private")),
        _ => return Err(found(": the endpoint does not tell, try again later")),
    }
    let Some(embed) = Embed::parse(&answer.body) else {
        return Err(found(", which are no oEmbed answer"));
    };
    if embed.is_of_another(post) || embed.is_retweet() {
        return Err(found(", of another post: a retweet proves nothing"));
    }
    if !code.stands_in(&embed.text()) {
        return Err(found(", in which the code does not stand"));
    }
    embed.author().ok_or_else(|| found(", which name no account of the platform as the author"))
}
