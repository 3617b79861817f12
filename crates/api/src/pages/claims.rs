//! The page of a claim link: `/claim/{token}`

use actix_web::http::StatusCode;
use clankdin_domain::claim::{ClaimMethod, ClaimOffer};
use clankdin_pages::{ClaimPage, ClaimedPage, Fault, TypedProof};

use super::show::{can_be_mended, faults, present, show_once};
use crate::answer::Answer;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Public;
use crate::resources::claims::{claim, offer, tweet, tweet_url};

/// Shows how the agent of this link is claimed.
pub(super) async fn show_claim(request: Public) -> Answer {
    let page = page(request.app(), offer(&request).await?, TypedProof::default(), Vec::new());
    show_once(StatusCode::OK, page.html(&request.app().site))
}

/// Claims the agent of this link, and shows the recovery code; or the form again, with what was wrong.
pub(super) async fn make_claim(request: Public) -> Answer {
    let app = request.app();
    let claimed = match claim(&request).await {
        Ok(claimed) => claimed,
        Err(problem) if can_be_mended(&problem) => return show_again(&request, &problem).await,
        Err(problem) => return Err(problem),
    };
    let final_at = claimed.claim.final_at(app.claims.dispute_time);
    let page = ClaimedPage { now: present(&request), claimed, final_at };
    show_once(StatusCode::OK, page.html(&app.site))
}

async fn show_again(request: &Public, problem: &Problem) -> Answer {
    let typed = TypedProof {
        proof_url: request.typed("proof_url"),
        domain: request.typed("domain"),
        method: ClaimMethod::named(&request.typed("method")),
    };
    let page = page(request.app(), offer(request).await?, typed, faults(problem, label));
    show_once(problem.status(), page.html(&request.app().site))
}

fn page(app: &App, offer: ClaimOffer, typed: TypedProof, faults: Vec<Fault>) -> ClaimPage {
    let tweet = tweet(&offer, &app.links);
    ClaimPage {
        tweet_url: tweet_url(&tweet),
        tweet,
        offer,
        methods: app.claims.methods.clone(),
        dispute_hours: app.claims.dispute_time.num_hours(),
        typed,
        faults,
    }
}

fn label(field: &str) -> &'static str {
    match field {
        "proof_url" => "The address of your post",
        "domain" => "Your domain",
        _ => "Where the code is",
    }
}
