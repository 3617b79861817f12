//! Which of the formats of one address a client would rather have (RFC 9110, section 12.5.1).

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue, Quality, QualityItem};
use actix_web::mime::{self, Mime};

use super::TWINS;
use crate::routes::Pattern;

/// A format in which something can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For models.
    Markdown,
    /// For people.
    Html,
}

impl Format {
    /// In this order where a client likes several alike.
    const ALL: [Self; 3] = [Self::Json, Self::Markdown, Self::Html];

    /// The one that a client likes best; JSON for whoever does not say, or names none of them.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
        let values: Vec<&str> = values.collect();
        // Most clients of the API name no text at all, and are not to pay for others.
        if !values.iter().any(|value| names_text(value)) {
            return Self::Json;
        }
        let ranges: Vec<QualityItem<Mime>> = values
            .iter()
            .flat_map(|value| value.split(','))
            .filter_map(|range| range.trim().parse().ok())
            .collect();
        let mut best = (Self::Json, None);
        for format in Self::ALL {
            let liking = format.liking(&ranges);
            if liking > best.1 {
                best = (format, liking);
            }
        }
        best.0
    }

    /// How much a client likes it, if at all: the most specific range that it fits counts. Compared by
    /// quality first; then what is named by itself comes before what a wildcard lets in.
    fn liking(self, ranges: &[QualityItem<Mime>]) -> Option<(Quality, u8)> {
        let fitting = ranges.iter().filter_map(|range| Some((self.fits(&range.item)?, range.quality)));
        let (specificity, quality) = fitting.max()?;
        (quality > Quality::ZERO).then_some((quality, specificity))
    }

    /// How specific a range that it fits is.
    fn fits(self, range: &Mime) -> Option<u8> {
        let (kind, subtype) = match self {
            Self::Json => ("application", "json"),
            Self::Markdown => ("text", "markdown"),
            Self::Html => ("text", "html"),
        };
        let (of_kind, of_subtype) = (range.type_(), range.subtype());
        if of_kind == mime::STAR {
            return Some(1);
        }
        match (of_kind == kind, of_subtype == mime::STAR, of_subtype == subtype) {
            (true, true, _) => Some(2),
            (true, _, true) => Some(3),
            _ => None,
        }
    }
}

fn names_text(accept: &str) -> bool {
    accept.as_bytes().windows(5).any(|window| window.eq_ignore_ascii_case(b"text/"))
}

/// Serves `/clankrs/kai.md` as `/clankrs/kai` for a client that wants Markdown alone. Whatever is no page's
/// twin keeps its suffix.
pub(crate) fn take_twin_suffix(request: &mut ServiceRequest) -> Option<String> {
    if request.method() != Method::GET {
        return None;
    }
    let path = request.path().strip_suffix(".md")?.to_owned();
    let is_twin = |pattern: &&&str| Pattern::new(pattern).fits(&path);
    let pattern = TWINS.iter().find(is_twin)?;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/markdown"));
    Some(if *pattern == "/index" { "/".to_owned() } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(accept: &[&'static str]) -> Format {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        Format::of(&headers)
    }

    #[test]
    fn a_browser_gets_html() {
        let chromium =
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        assert_eq!(best(&[chromium]), Format::Html);
        assert_eq!(best(&["text/html"]), Format::Html);
        assert_eq!(best(&["Text/HTML"]), Format::Html);
        assert_eq!(best(&["application/xml", "text/html;level=1"]), Format::Html);
        assert_eq!(best(&["text/html, application/json;q=0.9"]), Format::Html);
    }

    #[test]
    fn who_does_not_ask_for_a_page_gets_json() {
        for accept in
            ["*/*", "application/json", "application/json, text/plain, */*", "image/png", "", "text/plain"]
        {
            assert_eq!(best(&[accept]), Format::Json, "{accept}");
        }
        assert_eq!(best(&[]), Format::Json);
        assert_eq!(best(&["text/html;q=0.9, application/json"]), Format::Json);
        assert_eq!(best(&["text/html, application/json"]), Format::Json);
        assert_eq!(best(&["text/html;q=0"]), Format::Json);
        assert_eq!(best(&["text/html;q=0.1, */*;q=0.2"]), Format::Json);
    }

    #[test]
    fn a_model_gets_markdown() {
        assert_eq!(best(&["text/markdown"]), Format::Markdown);
        assert_eq!(best(&["text/markdown, text/html, */*"]), Format::Markdown);
        assert_eq!(best(&["text/markdown;q=0.5, text/html;q=0.4"]), Format::Markdown);
        assert_eq!(best(&["text/markdown;q=0.5, text/html"]), Format::Html);
    }

    #[test]
    fn what_is_malformed_is_not_counted() {
        assert_eq!(best(&["text/html;q=x"]), Format::Json);
        assert_eq!(best(&["text/html;q=x, text/markdown;q=0.1"]), Format::Markdown);
        assert_eq!(best(&["text/"]), Format::Json);
    }
}
