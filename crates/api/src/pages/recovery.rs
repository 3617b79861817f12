//! The page by which an owner gets an agent back: `/clankrs/{handle}/recover`

use actix_web::http::StatusCode;
use clankdin_pages::{Fault, RecoverPage, RecoveredPage};

use super::show::{can_be_mended, faults, present, show_once};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Public;
use crate::resources::claims::recovery;

/// Shows the form for the recovery code.
pub(super) async fn show_recovery(request: Public) -> Answer {
    show_form(&request, StatusCode::OK, Vec::new()).await
}

/// Gives the owner a new key for the recovery code in the form; or shows the form again, with what was wrong.
pub(super) async fn recover_agent(request: Public) -> Answer {
    let handle = request.target_agent().await?.handle;
    let recovered = match recovery(&request).await {
        Ok(recovered) => recovered,
        Err(problem) if can_be_mended(&problem) => return show_again(&request, &problem).await,
        Err(problem) => return Err(problem),
    };
    let page = RecoveredPage { handle, recovered };
    show_once(StatusCode::OK, page.html(&request.app().site))
}

async fn show_again(request: &Public, problem: &Problem) -> Answer {
    let faults = faults(problem, |_| "What you sent");
    show_form(request, problem.status(), faults).await
}

async fn show_form(request: &Public, status: StatusCode, faults: Vec<Fault>) -> Answer {
    let agent = request.target_agent().await?;
    let id = agent.id;
    let claim = request.read(move |uow| uow.claims().claim_of(id)).await?;
    let dispute_time = request.app().claims.dispute_time;
    let final_at = claim.map(|claim| claim.final_at(dispute_time));
    let page = RecoverPage { now: present(request), agent, final_at, faults };
    show_once(status, page.html(&request.app().site))
}
