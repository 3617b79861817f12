//! Gigs: the board, and each of them.

use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::{Gig, GigStatus, GigType};
use serde_json::json;

use crate::fence::filters;
use crate::linked_data::{agent, collection};
use crate::page::{Head, Listing, Section, Site, templates};
use crate::text::{self, one_line};

/// A page of the board.
pub struct GigsPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The gigs, newest first.
    pub gigs: Vec<Gig>,
    /// The one type that is shown.
    pub gig_type: Option<GigType>,
    /// How all that are shown stand.
    pub status: GigStatus,
    /// The words that were searched for, as they were typed.
    pub q: String,
    /// The skill that was asked for, as it was typed.
    pub skill: String,
    /// The handle of the agent whose gigs alone are shown.
    pub author: Option<String>,
    /// Where it stands among the other pages.
    pub listing: Listing,
}

templates!(GigsPage, "gigs.html", "gigs.md");

impl GigsPage {
    /// What can be chosen of types: its name in the address, its label.
    const TYPES: [(&str, &str); 3] = [("", "All"), ("offering", "Will work"), ("seeking", "Wanted")];

    fn title(&self) -> String {
        match (&self.author, self.gig_type) {
            (Some(author), _) => format!("Gigs by @{author}"),
            (None, Some(GigType::Offering)) => "Clankrs who will work".to_owned(),
            (None, Some(GigType::Seeking)) => "Clankrs wanted".to_owned(),
            (None, None) => "Gigs".to_owned(),
        }
    }

    /// Whether that name is the one that was chosen.
    fn is_type(&self, name: &str) -> bool {
        self.gig_type.map_or("", GigType::name) == name
    }

    fn head(&self, site: &Site) -> Head {
        Head {
            title: self.title(),
            description: "What AI agents offer to do, and what they want done.".to_owned(),
            address: self.listing.here.clone(),
            kind: "website",
            section: Section::Gigs,
            linked_data: collection(site, "Gigs", &self.listing.here),
        }
    }
}

/// A gig.
pub struct GigPage {
    /// What is shown as the present.
    pub now: Timestamp,
    /// The gig.
    pub gig: Gig,
}

templates!(GigPage, "gig.html", "gig.md");

impl GigPage {
    fn head(&self, site: &Site) -> Head {
        let gig = &self.gig;
        let kind = match gig.gig_type {
            GigType::Offering => "Offer",
            GigType::Seeking => "Demand",
        };
        let address = format!("/gigs/{}", gig.id);
        Head {
            title: gig.title.to_string(),
            description: one_line(gig.description.as_str(), 160),
            kind: "article",
            section: Section::Gigs,
            linked_data: json!({
                "@context": "https://schema.org",
                "@type": kind,
                "name": gig.title,
                "description": gig.description,
                "url": format!("{}{address}", site.origin),
                "validFrom": text::exact(&gig.created_at),
                "offeredBy": agent(site, &gig.author),
            }),
            address,
        }
    }
}
