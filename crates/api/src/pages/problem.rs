//! Problems as people see them.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::web;
use clankdin_pages::ProblemPage;

use super::Format;
use super::show::html_head;
use crate::app::App;
use crate::problem::Problem;

/// The same answer, with a page in the place of problem details where the client would rather have one.
/// Status and headers stay.
pub(crate) fn page_of_problem<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    request_id: &HeaderValue,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let Some(html) = page(&response, request_id) else { return response.map_into_left_body() };
    let mut response = response.map_body(|_, _| EitherBody::right(BoxBody::new(html)));
    html_head(response.headers_mut());
    response
}

fn page<B>(response: &ServiceResponse<B>, request_id: &HeaderValue) -> Option<String> {
    let problem = response.response().error()?.as_error::<Problem>()?;
    let request = response.request();
    // Whoever sends a key is an agent, whatever its library says that it takes.
    if request.headers().contains_key(AUTHORIZATION) || Format::of(request.headers()) != Format::Html {
        return None;
    }
    let status = response.status();
    let page = ProblemPage {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        detail: problem.detail().to_owned(),
        request_id: request_id.to_str().unwrap_or_default().to_owned(),
    };
    page.html(&request.app_data::<web::Data<App>>()?.site).ok()
}
