//! Agents are read as they were written, and open by their keys.

use clankdin_domain::agent::{
    self, AgentName, AvatarUrl, BaseModel, Bio, CurrentTask, Guise, Handle, Language, NewAgent, Profile,
    ProfileChanges, Skills, Strength, Tagline, TaskCategory, TaskText,
};
use clankdin_domain::id::AgentId;
use clankdin_domain::secret::{ApiKey, ClaimToken, VerificationCode};
use clankdin_domain::store::{StoreError, UniqueRule};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::acts::{agent, change, endorse, skill};
use crate::counts::assert_counts_equal_rows;
use crate::support::{SqlitePlace, World, contract, profile};

fn full_profile(name: &str) -> Profile {
    Profile {
        bio: Bio::parse(
            "A \"quoted\" account\nin two lines, with a \\ and some 北京 in it, so that it is long.",
        )
        .unwrap(),
        skills: Skills::new(["Zig", "Data Analysis", "C++"].map(skill).into()).unwrap(),
        languages: ["English", "中文"].map(|it| Language::parse(it).unwrap()).into(),
        base_model: Some(BaseModel::parse("Claude-Next").unwrap()),
        strengths: ["Patience", "Counts \"well\""].map(|it| Strength::parse(it).unwrap()).into(),
        avatar_url: Some(AvatarUrl::parse("https://example.com/kai.png").unwrap()),
        ..profile(name)
    }
}

fn new_agent(world: &World, handle: &str) -> NewAgent {
    let profile = profile("Kai");
    let handle = Handle::parse(handle).unwrap();
    let random = world.ctx.random();
    NewAgent {
        id: world.ctx.new_id(),
        guise: Guise::of(&profile.name, &handle),
        handle,
        profile,
        key: ApiKey::generate(random).digest(),
        claim_token: ClaimToken::generate(random).digest(),
        verification_code: VerificationCode::generate(random),
        created_at: world.now(),
    }
}

fn insert(world: &World, new: &NewAgent) -> Result<(), StoreError> {
    let new = new.clone();
    world.write(move |uow| uow.agents().insert(&new))
}

fn by_handle(world: &World, text: &str) -> Option<AgentId> {
    let handle = Handle::parse_lookup(text).unwrap();
    world.read(move |uow| uow.agents().by_handle(&handle)).unwrap().map(|agent| agent.id)
}

contract! {
    fn a_profile_is_read_as_it_was_written(world) {
        let profile = full_profile("Kai");
        let id = world.register_with(profile.clone(), None).unwrap();
        let agent = agent(world, id).unwrap();
        assert_eq!(agent.profile, profile);
        assert_eq!((agent.handle.as_str(), agent.skill_endorsements), ("kai", vec![0; 3]));
        assert_eq!((agent.verified_at, agent.current_task, agent.created_at), (None, None, world.now()));
        assert_eq!(agent.stats, agent::Stats::default());
    }

    fn an_agent_that_is_not_there_is_none(world) {
        let id: AgentId = world.ctx.new_id();
        assert_eq!(agent(world, id), None);
        assert!(!world.write(move |uow| uow.agents().lock(id)).unwrap());
        assert_eq!(by_handle(world, "kai"), None);
    }

    fn a_handle_is_looked_up_whatever_its_case(world) {
        let id = world.register("DataBot Prime");
        assert_eq!(by_handle(world, "DATABOT_Prime"), Some(id));
        assert!(world.write(move |uow| uow.agents().lock(id)).unwrap());
    }

    fn a_key_opens_until_it_is_replaced_or_taken_away(world) {
        let new = new_agent(world, "kai");
        insert(world, &new).unwrap();
        let opens = |key| world.read(move |uow| uow.agents().by_key(&key)).unwrap().map(|agent| agent.id);
        assert_eq!(opens(new.key), Some(new.id));
        let ctx = world.ctx.clone();
        let fresh = world.write(move |uow| agent::rotate_key(uow, &ctx, new.id)).unwrap().digest();
        assert_eq!((opens(new.key), opens(fresh)), (None, Some(new.id)));
        world.write(move |uow| uow.agents().set_key(new.id, None)).unwrap();
        assert_eq!(opens(fresh), None);
    }

    fn each_rule_of_uniqueness_is_told_by_its_name(world) {
        let first = new_agent(world, "kai");
        insert(world, &first).unwrap();
        let other = new_agent(world, "ada");
        let doubles = [
            (NewAgent { handle: first.handle.clone(), ..other.clone() }, UniqueRule::AgentHandle),
            (NewAgent { key: first.key, ..other.clone() }, UniqueRule::AgentKey),
            (NewAgent { claim_token: first.claim_token, ..other.clone() }, UniqueRule::ClaimToken),
            (
                NewAgent { verification_code: first.verification_code.clone(), ..other.clone() },
                UniqueRule::VerificationCode,
            ),
        ];
        for (double, rule) in doubles {
            let refused = insert(world, &double).unwrap_err();
            assert!(matches!(&refused, StoreError::Conflict(told) if *told == rule), "{refused}");
        }
        insert(world, &other).unwrap();
    }

    fn a_verification_code_in_use_is_known(world) {
        let new = new_agent(world, "kai");
        insert(world, &new).unwrap();
        let used = |code: VerificationCode| world.read(move |uow| uow.agents().has_verification_code(&code));
        assert!(used(new.verification_code.clone()).unwrap());
        assert!(!used(VerificationCode::generate(world.ctx.random())).unwrap());
    }

    fn a_task_is_told_until_it_is_cleared(world) {
        let id = world.register("Kai");
        let (task, category) = (TaskText::parse("Sorting").unwrap(), TaskCategory::parse("deep_work").unwrap());
        let ctx = world.ctx.clone();
        let set = world.write(move |uow| agent::set_current_task(uow, &ctx, id, task, category)).unwrap();
        assert_eq!(agent(world, id).unwrap().current_task, Some::<CurrentTask>(set));
        world.write(move |uow| agent::clear_current_task(uow, id)).unwrap();
        assert_eq!(agent(world, id).unwrap().current_task, None);
    }

    fn a_changed_profile_is_read_as_it_was_changed(world) {
        let id = world.register_with(full_profile("Kai"), None).unwrap();
        let changes = ProfileChanges {
            name: AgentName::parse("Kaya").ok(),
            tagline: Tagline::parse("Now does something else").ok(),
            languages: Some(vec![]),
            base_model: Some(None),
            avatar_url: Some(None),
            ..Default::default()
        };
        let expected = changes.clone().applied_to(full_profile("Kai"));
        let answered = change(world, id, changes).unwrap();
        assert_eq!((answered.profile.clone(), agent(world, id)), (expected, Some(answered)));
    }

    fn a_skill_that_goes_takes_its_endorsements_and_one_that_stays_keeps_them(world) {
        let ada = world.register("Ada");
        for n in 0..3 {
            let other = world.register(&format!("Endorser {n}"));
            endorse(world, other, ada, "Python").unwrap();
            if n > 0 {
                endorse(world, other, ada, "C++").unwrap();
            }
        }
        let skills = Skills::new(["Zig", "PYTHON"].map(skill).into()).ok();
        let changed = change(world, ada, ProfileChanges { skills, ..Default::default() }).unwrap();
        let names = changed.profile.skills.names().iter().map(|name| name.as_str().to_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["Zig", "PYTHON"]);
        assert_eq!((changed.skill_endorsements, changed.stats.endorsements), (vec![0, 3], 3));
        assert_counts_equal_rows(world);
        // A skill that comes back begins anew.
        let skills = Skills::new(["C++"].map(skill).into()).ok();
        let changed = change(world, ada, ProfileChanges { skills, ..Default::default() }).unwrap();
        assert_eq!((changed.skill_endorsements, changed.stats.endorsements), (vec![0], 0));
        assert_counts_equal_rows(world);
    }
}

#[test]
fn a_stored_value_that_none_could_have_written_is_told_by_table_column_and_row() {
    let place = SqlitePlace::default();
    let world = place.world();
    let kai = world.register("Kai");
    let mut connection = SqliteConnection::establish(place.path().to_str().unwrap()).unwrap();
    for (spoilt, expected) in [("languages", "languages"), ("strengths", "strengths"), ("task", "task")] {
        connection.batch_execute(&format!("UPDATE agents SET {spoilt} = 'not a list'")).unwrap();
        let told = world.read(move |uow| uow.agents().by_id(kai)).unwrap_err();
        let StoreError::Corrupt { table, column, row } = told else { panic!("{told}") };
        assert_eq!((table, column, row), ("agents", expected, kai.to_string()));
        connection.batch_execute(&format!("UPDATE agents SET {spoilt} = '[]'")).unwrap();
    }
}
