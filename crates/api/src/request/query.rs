//! What stands behind the question mark: filters, and which page of a list is wanted.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::text::TextError;
use clankdin_pages::Listing;
use percent_encoding::percent_decode_str;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::Errors;
use crate::problem::Problem;

/// The parameters of a list, read one by one.
pub(crate) struct Query {
    path: String,
    parameters: Vec<Parameter>,
    filters: Vec<(&'static str, String)>,
    errors: Errors,
}

/// A parameter, with everything decoded.
struct Parameter {
    name: String,
    value: String,
    /// Whether all of it that looks percent-encoded is, and is UTF-8: otherwise something else stands
    /// in its place, which nobody should search for.
    is_sound: bool,
}

impl Parameter {
    fn parse(pair: &str) -> Option<Self> {
        let (name, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
        let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        let is_sound =
            pair.split('%').skip(1).all(is_escape) && percent_decode_str(pair).decode_utf8().is_ok();
        Some(Self { name: name.into_owned(), value: value.into_owned(), is_sound })
    }
}

impl Query {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let pairs = request.query_string().split('&');
        Self {
            path: request.path().to_owned(),
            parameters: pairs.filter_map(Parameter::parse).collect(),
            filters: Vec::new(),
            errors: Errors::default(),
        }
    }

    /// The parameters of a page of the list at that address: what a form sends blank was not filled in, and
    /// all pages are of one length.
    pub(super) fn of_page(request: &HttpRequest, list: &str) -> Self {
        let mut query = Self::of(request);
        query.parameters.retain(|it| !it.value.trim().is_empty() && it.name != "limit");
        list.clone_into(&mut query.path);
        query
    }

    /// A parameter as it was typed; empty where there is none.
    pub(crate) fn typed(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|parameter| parameter.value.as_str())
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// A filter of one of a few words.
    pub(crate) fn choice<T>(
        &mut self,
        name: &'static str,
        named: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<T> {
        let word = self.get(name)?.to_owned();
        let value = named(&word);
        if value.is_none() {
            self.errors.push(name, "not_one_of", format!("takes one of {}", words.join(", ")));
        }
        self.filters.push((name, word));
        value
    }

    /// A filter of one of a few words, of which `default` is meant where none is given.
    pub(crate) fn choice_or<T>(
        &mut self,
        name: &'static str,
        default: &str,
        named: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<T> {
        if self.get(name).is_none() {
            // Said or not, it is the same filter to a cursor.
            self.filters.push((name, default.to_owned()));
            return named(default);
        }
        self.choice(name, named, words)
    }

    /// A filter that `parse` makes something of.
    pub(crate) fn text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        let parameter = self.find(name)?;
        let (text, is_sound) = (parameter.value.clone(), parameter.is_sound);
        if !is_sound {
            self.errors.push(name, "malformed", "must be percent-encoded UTF-8");
            return None;
        }
        let value = self.errors.text(name, &text, parse);
        self.filters.push((name, text));
        value
    }

    /// The same, and where this page and the others are, which are shown at `path`.
    ///
    /// # Errors
    ///
    /// Every parameter at fault.
    pub(crate) fn page_at(self, path: &str) -> Result<(PageRequest, PageLinks), Problem> {
        let is_filter = |parameter: &&Parameter| self.filters.iter().any(|(name, _)| *name == parameter.name);
        let filters = self.parameters.iter().filter(is_filter);
        let first = with_parameters(path, filters.map(|it| (it.name.as_str(), it.value.as_str())));
        let here = with_parameters(&first, self.get("cursor").map(|cursor| ("cursor", cursor)));
        let (page, mark) = self.page()?;
        Ok((page, PageLinks { first, here, mark }))
    }

    /// Which page is wanted, once every filter has been read: a cursor belongs to its filters.
    ///
    /// # Errors
    ///
    /// Every parameter at fault.
    pub(crate) fn page(mut self) -> Result<(PageRequest, ListMark), Problem> {
        let mark = ListMark::of(&self.path, &self.filters);
        let known: Vec<&str> =
            self.filters.iter().map(|(name, _)| *name).chain(["limit", "cursor"]).collect();
        for name in known {
            if self.parameters.iter().filter(|parameter| parameter.name == name).count() > 1 {
                self.errors.push(name, "given_twice", "is taken once");
            }
        }
        if self.get("offset").is_some() {
            self.errors.push("offset", "unknown", "is not taken: follow next_cursor from page to page");
        }
        let limit = match self.get("limit").map(number) {
            None => PageRequest::DEFAULT_LIMIT,
            Some(Some(limit)) if (1..=PageRequest::MAX_LIMIT).contains(&limit) => limit,
            Some(_) => {
                self.errors.push("limit", "out_of_range", "takes a whole number from 1 to 100");
                PageRequest::DEFAULT_LIMIT
            }
        };
        let cursor = self.get("cursor").map(|cursor| mark.position(cursor));
        if let Some(None) = cursor {
            let takes = "is none of this list with these filters: start without it and follow next_cursor";
            self.errors.push("cursor", "invalid_cursor", takes);
        }
        match (self.errors.into_problem(), PageRequest::new(limit, cursor.flatten())) {
            (None, Some(page)) => Ok((page, mark)),
            (problem, _) => Err(problem.unwrap_or_else(|| Problem::not_found("page"))),
        }
    }
}

/// Where a page of a list is, and where the others are.
pub(crate) struct PageLinks {
    first: String,
    here: String,
    mark: ListMark,
}

impl PageLinks {
    /// `next` is the place of the page's last row, if more follow.
    pub(crate) fn listing(self, next: Option<Position>) -> Listing {
        let next = next.map(|position| encode_cursor(self.mark, position));
        let next = next.map(|cursor| with_parameters(&self.first, [("cursor", cursor.as_str())]));
        Listing { here: self.here, first: self.first, next }
    }
}

fn with_parameters<'p>(address: &str, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let mut parameters = parameters.into_iter().peekable();
    if parameters.peek().is_none() {
        return address.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}{query}")
}

/// Digits alone: `parse` by itself would take a sign.
pub(crate) fn number(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Marks the cursors of one list: its address and its filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListMark([u8; 8]);

impl ListMark {
    fn of(path: &str, filters: &[(&'static str, String)]) -> Self {
        let mut filters: Vec<String> =
            filters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        filters.sort_unstable();
        let digest = digest(&SHA256, format!("{path}\n{}", filters.join("\n")).as_bytes());
        let mut mark = [0; 8];
        for (byte, source) in mark.iter_mut().zip(digest.as_ref()) {
            *byte = *source;
        }
        Self(mark)
    }

    fn position(self, cursor: &str) -> Option<Position> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let (mark, rest) = bytes.split_first_chunk::<8>()?;
        let (rank, id) = rest.split_first_chunk::<8>()?;
        let id = Uuid::from_slice(id).ok()?;
        (*mark == self.0).then_some(Position { rank: i64::from_be_bytes(*rank), id })
    }
}

/// A position as a cursor of the list with that mark.
pub(crate) fn encode_cursor(mark: ListMark, position: Position) -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(&mark.0);
    bytes.extend_from_slice(&position.rank.to_be_bytes());
    bytes.extend_from_slice(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list_and_its_filters() {
        let mark = ListMark::of("/gigs", &[("gig_type", "seeking".into())]);
        let position = Position { rank: -3, id: Uuid::from_u128(42) };
        let cursor = encode_cursor(mark, position);
        assert_eq!(mark.position(&cursor), Some(position));
        assert_eq!(ListMark::of("/gigs", &[]).position(&cursor), None);
        assert_eq!(ListMark::of("/agents", &[("gig_type", "seeking".into())]).position(&cursor), None);
        assert_eq!(mark.position(&cursor[1..]), None);
        assert_eq!(mark.position("ü"), None);
    }

    #[test]
    fn the_order_of_filters_does_not_matter() {
        let (one, other) = (("a", "1".to_owned()), ("b", "2".to_owned()));
        assert_eq!(ListMark::of("/x", &[one.clone(), other.clone()]), ListMark::of("/x", &[other, one]));
    }
}
