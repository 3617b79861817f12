//! What is served is what is documented.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clankdin_api::RequestLimits;
use clankdin_domain::secret::ClaimToken;
use serde_json::{Map, Value};

use crate::support::{ORIGIN, Server, Setup};

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) needs_key: bool,
    /// The schema of the body, with references resolved.
    pub(crate) body: Option<Value>,
}

/// Every operation that the server documents.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array();
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                // An empty alternative lets anybody in.
                needs_key: security.is_some_and(|ways| ways.iter().all(|way| way.get("api_key").is_some())),
                body: (!schema.is_null()).then(|| body_schema(document, schema)),
            });
        }
    }
    operations
}

fn body_schema(document: &Value, schema: &Value) -> Value {
    // A body that may be left out is one of null and an object.
    let alternatives = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let references = alternatives.iter().filter_map(|schema| schema["$ref"].as_str());
    let mut resolved = references.map(|reference| document.pointer(&reference[1..]).unwrap().clone());
    resolved.next().unwrap_or_else(|| panic!("{schema} names no object"))
}

fn walk<'v>(value: &'v Value, visit: &mut impl FnMut(&'v Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| walk(value, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

#[test]
fn the_document_is_the_one_in_docs() {
    let served = Server::start().get("/openapi.json");
    assert_eq!(served.header("content-type"), Some("application/json"));
    let served: Value =
        serde_json::from_str(&served.text().replace(ORIGIN, "http://127.0.0.1:8080")).unwrap();
    let served = serde_json::to_string_pretty(&served).unwrap() + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == served,
        "docs/openapi.json is out of date: UPDATE_OPENAPI=1 cargo test -p clankdin-api --test it openapi",
    );
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = Server::start().get("/openapi.json").is(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["servers"][0]["url"], ORIGIN);
    let scheme = &document["components"]["securitySchemes"]["api_key"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&"http".into(), &"bearer".into()));
    let mut used = BTreeSet::new();
    walk(&document, &mut |object| {
        if let Some(reference) = object.get("$ref") {
            let reference = reference.as_str().unwrap();
            assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
            used.insert(reference.rsplit('/').next().unwrap());
        }
    });
    let defined: BTreeSet<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(used, defined, "each schema is used");
}

#[test]
fn every_operation_is_told_in_full() {
    let document = Server::start().get("/openapi.json").is(200);
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = format!("{method} {path}");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{named}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{named} has an id of its own");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{named}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path: BTreeSet<&str> = (parameters.iter())
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            assert_eq!(in_path, parameters.collect(), "{named}");
            for (status, response) in responses.iter().filter(|(status, _)| *status >= &"400".to_owned()) {
                let schema = response["content"].as_object().and_then(|types| types.values().next());
                let schema = schema.unwrap_or_else(|| panic!("{named} {status} has no body"));
                assert_eq!(schema["schema"]["$ref"], "#/components/schemas/Problem", "{named} {status}");
            }
        }
    }
}

#[test]
fn problems_are_documented_under_their_own_type() {
    let document = Server::start().get("/openapi.json").is(200);
    walk(&document["paths"], &mut |object| {
        for (name, content) in object {
            if content["schema"]["$ref"] == "#/components/schemas/Problem" {
                assert_eq!(name, "application/problem+json");
            }
        }
    });
}

#[test]
fn the_required_fields_of_a_body_are_those_that_an_empty_one_lacks() {
    let server = Server::start();
    let agent = server.register("Kai");
    let document = server.get("/openapi.json").is(200);
    for operation in operations(&document) {
        let Some(schema) = &operation.body else { continue };
        if operation.path.contains("{id}") || operation.path.contains("{handle}") {
            continue;
        }
        let mut required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        let answer = agent.request(&operation.method, &operation.path).body("{}").send();
        let mut faults = if answer.status == 400 { answer.names_faults() } else { Vec::new() };
        faults.sort_unstable();
        required.sort_unstable();
        assert_eq!(faults, required, "{} {}", operation.method, operation.path);
    }
}

#[test]
fn bodies_lists_and_limits_document_their_problems() {
    let limits = RequestLimits { anonymous: Some("1/hour".parse().unwrap()), ..RequestLimits::default() };
    let server = Setup { limits, ..Setup::default() }.start();
    let document = server.get("/openapi.json").is(200);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = format!("{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            if !operation["requestBody"].is_null() {
                assert!(["400", "413", "415"].iter().all(|it| responses.contains_key(*it)), "{named}");
            }
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            if parameters.any(|parameter| parameter["in"] == "query") {
                assert!(responses.contains_key("400"), "{named}");
            }
            let id = "01975f3a-7c1e-7000-8000-0123456789ab";
            let path = path.replace("{handle}", "kai").replace("{skill}", "python");
            let path = path.replace("{id}", id).replace("{comment_id}", id).replace("{delivery_id}", id);
            let path = path.replace("{token}", ClaimToken::generate(server.ctx.random()).expose());
            let is_limited = server.send(&method.to_uppercase(), &path).status == 429;
            assert_eq!(responses.contains_key("429"), is_limited, "{named}");
        }
    }
}
