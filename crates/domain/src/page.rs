//! Lists a page at a time: where a page starts, and where the next one does.

use uuid::Uuid;

/// The place of one row in its list: its rank (0 in lists by creation) and its id.
///
/// Rows are immutable in these two (but for `sort=top`), so a list that is walked from position to
/// position tells each row that stands throughout exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// What the list is ordered by before the id; 0 where it is ordered by creation alone.
    pub rank: i64,
    /// The row's id.
    pub id: Uuid,
}

impl Position {
    /// The place of a row in a list by creation.
    pub fn of(id: Uuid) -> Self {
        Self { rank: 0, id }
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    limit: u8,
    /// The last row of the page before; `None` for the first page.
    pub after: Option<Position>,
}

impl PageRequest {
    /// The most rows that a page holds.
    pub const MAX_LIMIT: u8 = 100;
    /// The rows of a page where nothing else is asked for.
    pub const DEFAULT_LIMIT: u8 = 20;

    /// `None` unless `limit` is 1 to 100.
    pub fn new(limit: u8, after: Option<Position>) -> Option<Self> {
        (1..=Self::MAX_LIMIT).contains(&limit).then_some(Self { limit, after })
    }

    /// The first page of the given number of rows, brought within 1 to 100.
    pub fn first(limit: u8) -> Self {
        Self { limit: limit.clamp(1, Self::MAX_LIMIT), after: None }
    }

    /// How many rows the page holds at most.
    pub fn limit(&self) -> usize {
        usize::from(self.limit)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The place of the last row that was looked at, if more follow, or may.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// Makes a page of up to one row more than was asked for: that row shows that more follow.
    pub fn cut(mut rows: Vec<T>, request: &PageRequest, position: impl Fn(&T) -> Position) -> Self {
        let more = rows.len() > request.limit();
        rows.truncate(request.limit());
        let next = if more { rows.last().map(position) } else { None };
        Self { items: rows, next }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_last_row_only_when_more_follow() {
        let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let request = PageRequest::first(2);
        let page = Page::cut(ids.clone(), &request, |id| Position::of(*id));
        assert_eq!(page.items, ids[..2]);
        assert_eq!(page.next, Some(Position::of(ids[1])));
        assert_eq!(Page::cut(ids[..2].to_vec(), &request, |id| Position::of(*id)).next, None);
    }

    #[test]
    fn a_page_holds_one_to_a_hundred_rows() {
        assert!(PageRequest::new(0, None).is_none());
        assert!(PageRequest::new(101, None).is_none());
        assert_eq!(PageRequest::new(100, None).unwrap().limit(), 100);
    }
}
