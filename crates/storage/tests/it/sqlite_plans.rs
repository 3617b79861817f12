//! On `SQLite`, every list is a walk along an index: no statement reads a table from end to end, and
//! none sorts what it could have read in order.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use clankdin_domain::agent::{self, AgentFilter, Handle};
use clankdin_domain::claim::{Account, Claim, ClaimMethod, Proven};
use clankdin_domain::gig::GigStatus;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::secret::{ApiKey, ClaimToken, RecoveryCode, VerificationCode};
use clankdin_domain::store::{StoreResult, UnitOfWork};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use uuid::Uuid;

use crate::support::{SqlitePlace, World};

/// The statements that ran in those databases that are watched, by their paths.
static NOTED: LazyLock<Mutex<HashMap<String, Vec<String>>>> = LazyLock::new(Mutex::default);

/// Notes the statements of one connection.
#[derive(Default)]
struct Note {
    path: String,
}

impl Instrumentation for Note {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.path),
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(noted) = NOTED.lock().unwrap().get_mut(&self.path) {
                    noted.push(query.to_string());
                }
            }
            _ => {}
        }
    }
}

/// How a statement is carried out, step by step.
#[derive(Debug)]
struct Plan {
    sql: String,
    steps: Vec<String>,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// A database whose statements are watched.
struct Watched {
    world: World,
    place: SqlitePlace,
    path: String,
    kai: AgentId,
}

impl Watched {
    fn new() -> Self {
        set_default_instrumentation(|| Some(Box::new(Note::default()))).unwrap();
        let place = SqlitePlace::default();
        let world = place.world();
        let path = place.path().canonicalize().unwrap().to_str().unwrap().to_owned();
        let kai = world.register("Kai");
        world.register("Ada");
        Self { world, place, path, kai }
    }

    fn plans_of_reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> StoreResult<T> + Send + 'static,
    ) -> Vec<Plan> {
        self.plans_of(|| drop(self.world.read(work).unwrap()))
    }

    fn plans_of_writing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> StoreResult<T> + Send + 'static,
    ) -> Vec<Plan> {
        self.plans_of(|| drop(self.world.write(work).unwrap()))
    }

    fn plans_of(&self, work: impl FnOnce()) -> Vec<Plan> {
        NOTED.lock().unwrap().insert(self.path.clone(), Vec::new());
        work();
        let noted = NOTED.lock().unwrap().remove(&self.path).unwrap();
        let mut connection = self.connection();
        let statements = noted.iter().filter_map(|noted| noted.split(" -- binds").next());
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "(SELECT"];
        statements
            .filter(|sql| verbs.iter().any(|verb| sql.starts_with(verb)))
            .map(|sql| {
                let explained = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
                let steps: Vec<Step> = explained.load(&mut connection).unwrap();
                Plan { sql: sql.to_owned(), steps: steps.into_iter().map(|step| step.detail).collect() }
            })
            .collect()
    }

    fn connection(&self) -> SqliteConnection {
        SqliteConnection::establish(self.place.path().to_str().unwrap()).unwrap()
    }
}

fn is_scan(step: &str) -> bool {
    step.starts_with("SCAN") && step != "SCAN CONSTANT ROW"
}

fn assert_walks(name: &str, plans: &[Plan]) {
    assert!(!plans.is_empty(), "{name}");
    for Plan { sql, steps } in plans {
        // An agent's skills are few, and sorting them is nothing.
        let of_skills = sql.contains("FROM `agent_skills` WHERE (`agent_skills`.`agent_id`");
        for step in steps {
            let sorts = step.contains("TEMP B-TREE") && !of_skills;
            assert!(!is_scan(step) && !sorts, "{name}: {sql}\n{steps:#?}");
        }
    }
}

#[test]
fn every_list_of_agents_is_a_walk_along_the_index_of_its_filter() {
    let watched = Watched::new();
    for after in [None, Some(Position::of(Uuid::max()))] {
        let page = PageRequest::new(20, after).unwrap();
        for words in [vec![], vec!["python"], vec!["account", "an", "itself"]] {
            for skill_key in [None, Some("python")] {
                for base_model in [None, Some("model")] {
                    for verified in [None, Some(true), Some(false)] {
                        let filter = AgentFilter {
                            skill_key: skill_key.map(str::to_owned),
                            base_model: base_model.map(str::to_owned),
                            verified,
                            words: words.iter().copied().map(str::to_owned).collect(),
                        };
                        let name = format!("{filter:?}");
                        let plans = watched.plans_of_reading(move |uow| uow.agents().list(&filter, &page));
                        assert_walks(&name, &plans);
                        let along = match (words.is_empty(), skill_key, base_model, verified) {
                            (false, ..) => "agent_words USING PRIMARY KEY (word=? AND agent_id<?)",
                            (_, Some(_), ..) => "agent_skills_by_key (skill_key=? AND agent_id<?)",
                            (_, _, Some(_), _) => "agents_by_base_model (base_model_key=? AND id<?)",
                            (.., Some(true)) => "agents_verified (id<?)",
                            _ => "agents_1 (id<?)",
                        };
                        assert!(plans[0].steps[0].contains(along), "{name}: {plans:#?}");
                    }
                }
            }
        }
    }
}

#[test]
fn lists_of_backers_and_endorsers_are_walks() {
    let watched = Watched::new();
    let (kai, page) = (watched.kai, PageRequest::first(20));
    assert_walks("backers", &watched.plans_of_reading(move |uow| uow.backings().backers(kai, &page)));
    let endorsers = watched.plans_of_reading(move |uow| uow.endorsements().endorsers(kai, "python", &page));
    assert_walks("endorsers", &endorsers);
    assert_walks("backing", &watched.plans_of_reading(move |uow| uow.backings().find(kai, kai)));
    let endorsement = watched.plans_of_reading(move |uow| uow.endorsements().find(kai, kai, "python"));
    assert_walks("endorsement", &endorsement);
}

#[test]
fn a_link_and_a_claim_are_found_by_index() {
    let watched = Watched::new();
    let kai = watched.kai;
    let token = ClaimToken::generate(watched.world.ctx.random()).digest();
    let code = VerificationCode::generate(watched.world.ctx.random());
    let claim = Claim {
        proven: Proven { method: ClaimMethod::Post, account: Account::from_stored("alice".into()) },
        claimed_at: watched.world.now(),
        recovery_code: RecoveryCode::generate(watched.world.ctx.random()).digest(),
    };
    let at = watched.world.now();
    let plans = watched.plans_of_writing(move |uow| {
        let claims = uow.claims();
        claims.link(&token)?;
        claims.link_of(kai)?;
        claims.replace_link(kai, &token, &code)?;
        claims.use_link(kai, at)?;
        claims.save_claim(kai, &claim)?;
        claims.claim_of(kai)?;
        claims.delete_claim(kai)
    });
    assert_eq!(plans.len(), 7, "{plans:#?}");
    assert_walks("claims", &plans);
}

#[test]
fn a_point_read_is_one_statement_and_a_profile_two() {
    let watched = Watched::new();
    let kai = watched.kai;
    let handle = Handle::parse("kai").unwrap();
    let by_handle = watched.plans_of_reading(move |uow| uow.agents().by_handle(&handle));
    let key = ApiKey::parse("clnk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP").unwrap().digest();
    let by_key = watched.plans_of_reading(move |uow| uow.agents().by_key(&key));
    let by_id = watched.plans_of_reading(move |uow| uow.agents().by_id(kai));
    let alike = watched.plans_of_reading(move |uow| uow.agents().verified_alike("kai"));
    for (name, plans, count) in
        [("handle", by_handle, 1), ("key", by_key, 1), ("id", by_id, 2), ("alike", alike, 1)]
    {
        assert_walks(name, &plans);
        assert_eq!(plans.len(), count, "{plans:#?}");
    }
}

#[test]
fn what_is_counted_whole_is_read_from_an_index_alone() {
    let watched = Watched::new();
    let agents = watched.plans_of_reading(|uow| uow.agents().count());
    let posts = watched.plans_of_reading(|uow| uow.posts().count());
    let gigs = watched.plans_of_reading(|uow| uow.gigs().count(GigStatus::Active));
    for Plan { sql, steps } in agents.iter().chain(&posts).chain(&gigs) {
        assert!(steps.iter().all(|step| step.contains("COVERING INDEX")), "{sql}\n{steps:#?}");
    }
    assert_walks("open gigs", &gigs);
}

#[test]
fn an_export_and_an_erasure_read_what_is_the_agents_alone() {
    let watched = Watched::new();
    let kai = watched.kai;
    let export = watched.plans_of_reading(move |uow| uow.exports().export(kai));
    let erasure = watched.plans_of_writing(move |uow| agent::erase(uow, kai));
    assert!(export.len() > 10 && erasure.len() > 10, "{export:#?}\n{erasure:#?}");
    for Plan { sql, steps } in export.iter().chain(&erasure) {
        assert!(!steps.iter().any(|step| is_scan(step)), "{sql}\n{steps:#?}");
    }
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Text)]
    column: String,
}

#[derive(QueryableByName)]
struct Indexed {
    #[diesel(sql_type = Text)]
    columns: String,
}

#[test]
fn every_reference_is_indexed_so_that_what_cascades_scans_no_table() {
    let watched = Watched::new();
    let mut connection = watched.connection();
    let references: Vec<Reference> = diesel::sql_query(
        "SELECT t.name AS child, f.id AS id, f.\"from\" AS \"column\" \
         FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY 1, 2, f.seq",
    )
    .load(&mut connection)
    .unwrap();
    let mut keys: HashMap<(String, i32), String> = HashMap::new();
    for reference in references {
        let columns = keys.entry((reference.child, reference.id)).or_default();
        columns.push_str(&reference.column);
        columns.push(',');
    }
    assert!(keys.len() > 20);
    for ((child, _), columns) in keys {
        let indexes: Vec<Indexed> = diesel::sql_query(format!(
            "SELECT (SELECT group_concat(c.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) \
             ORDER BY seqno) c) || ',' AS columns FROM pragma_index_list('{child}') i"
        ))
        .load(&mut connection)
        .unwrap();
        assert!(indexes.iter().any(|index| index.columns.starts_with(&columns)), "{child} ({columns})");
    }
}
