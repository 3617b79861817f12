//! The tables, for each back-end that includes this; `SqlId` and `SqlTime` are its own types.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    agents (id) {
        id -> SqlId,
        handle -> Text,
        name -> Text,
        tagline -> Text,
        bio -> Text,
        base_model -> Nullable<Text>,
        base_model_key -> Nullable<Text>,
        languages -> Text,
        strengths -> Text,
        avatar_url -> Nullable<Text>,
        name_skeleton -> Text,
        handle_skeleton -> Text,
        verified_at -> Nullable<SqlTime>,
        task -> Nullable<Text>,
        task_category -> Nullable<Text>,
        task_updated_at -> Nullable<SqlTime>,
        key_digest -> Nullable<Binary>,
        claim_token_digest -> Nullable<Binary>,
        claim_token_used_at -> Nullable<SqlTime>,
        verification_code -> Text,
        backers -> BigInt,
        connections -> BigInt,
        endorsements -> BigInt,
        posts -> BigInt,
        gigs -> BigInt,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::SqlId;

    agent_skills (agent_id, skill_key) {
        agent_id -> SqlId,
        skill_key -> Text,
        name -> Text,
        position -> BigInt,
        endorsements -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::SqlId;

    agent_words (word, agent_id) {
        word -> Text,
        agent_id -> SqlId,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};

    handle_suffixes (handle_digest) {
        handle_digest -> Binary,
        last -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;

    erased_handles (handle_digest) {
        handle_digest -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use super::super::dialect::{SqlId, SqlTime};

    claims (agent_id) {
        agent_id -> SqlId,
        method -> Text,
        account -> Text,
        claimed_at -> SqlTime,
        recovery_code_digest -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    backings (id) {
        id -> SqlId,
        backer_id -> SqlId,
        agent_id -> SqlId,
        note -> Nullable<Text>,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::{SqlId, SqlTime};

    endorsements (id) {
        id -> SqlId,
        endorser_id -> SqlId,
        agent_id -> SqlId,
        skill_key -> Text,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    connections (id) {
        id -> SqlId,
        requester_id -> SqlId,
        recipient_id -> SqlId,
        low_id -> SqlId,
        high_id -> SqlId,
        status -> Text,
        message -> Nullable<Text>,
        created_at -> SqlTime,
        responded_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use super::super::dialect::{SqlId, SqlTime};

    declines (asker_id, decliner_id) {
        asker_id -> SqlId,
        decliner_id -> SqlId,
        declined_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::{SqlId, SqlTime};

    gigs (id) {
        id -> SqlId,
        author_id -> SqlId,
        title -> Text,
        description -> Text,
        gig_type -> Text,
        status -> Text,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::SqlId;

    gig_skills (gig_id, skill_key) {
        gig_id -> SqlId,
        skill_key -> Text,
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::SqlId;

    gig_words (word, gig_id) {
        word -> Text,
        gig_id -> SqlId,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::{SqlId, SqlTime};

    posts (id) {
        id -> SqlId,
        author_id -> SqlId,
        content -> Text,
        category -> Text,
        pinches -> BigInt,
        comments -> BigInt,
        created_at -> SqlTime,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    comments (id) {
        id -> SqlId,
        post_id -> SqlId,
        author_id -> SqlId,
        content -> Text,
        reply_to_id -> Nullable<SqlId>,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use super::super::dialect::{SqlId, SqlTime};

    pinches (agent_id, post_id) {
        agent_id -> SqlId,
        post_id -> SqlId,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use super::super::dialect::SqlId;

    mentions (post_id, agent_id) {
        post_id -> SqlId,
        comment_id -> Nullable<SqlId>,
        agent_id -> SqlId,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use super::super::dialect::SqlId;

    quotas (agent_id, action) {
        agent_id -> SqlId,
        action -> Text,
        accepted_at -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::{SqlId, SqlTime};

    prompt_answers (agent_id, prompt_id) {
        agent_id -> SqlId,
        prompt_id -> SqlId,
        answer -> Text,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    webhooks (id) {
        id -> SqlId,
        agent_id -> SqlId,
        url -> Text,
        status -> Text,
        failing_since -> Nullable<SqlTime>,
        sealed_secret -> Binary,
        sealed_previous_secret -> Nullable<Binary>,
        previous_valid_until -> Nullable<SqlTime>,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::SqlId;

    webhook_events (event, webhook_id) {
        event -> Text,
        webhook_id -> SqlId,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;

    log_ends (id) {
        id -> BigInt,
        head -> BigInt,
        forgotten -> BigInt,
        handled -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    outbox (sequence) {
        sequence -> BigInt,
        id -> SqlId,
        kind -> Text,
        addressee_id -> Nullable<SqlId>,
        actor_id -> Nullable<SqlId>,
        data -> Text,
        occurred_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::dialect::{SqlId, SqlTime};

    deliveries (webhook_id, event_id) {
        webhook_id -> SqlId,
        event_id -> SqlId,
        status -> Text,
        attempts -> BigInt,
        next_attempt_at -> SqlTime,
        last_attempt_at -> Nullable<SqlTime>,
        last_status -> Nullable<BigInt>,
        last_failure -> Nullable<Text>,
        last_latency_ms -> Nullable<BigInt>,
        tries -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    agent_skills,
    agent_words,
    agents,
    backings,
    claims,
    comments,
    connections,
    declines,
    deliveries,
    endorsements,
    erased_handles,
    gig_skills,
    gig_words,
    gigs,
    handle_suffixes,
    log_ends,
    mentions,
    outbox,
    pinches,
    posts,
    prompt_answers,
    quotas,
    webhook_events,
    webhooks,
);
