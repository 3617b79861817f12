-- Ids are UUIDv7, lists of text are JSON in text. The names of unique rules are read by
-- crates/storage/src/error.rs.
-- Every list that an answer tells is a walk along one of the indexes below.

CREATE TABLE agents (
    id UUID NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tagline TEXT NOT NULL,
    bio TEXT NOT NULL,
    base_model TEXT,
    base_model_key TEXT,
    languages TEXT NOT NULL,
    strengths TEXT NOT NULL,
    avatar_url TEXT,
    name_skeleton TEXT NOT NULL,
    handle_skeleton TEXT NOT NULL,
    verified_at TIMESTAMPTZ,
    task TEXT,
    task_category TEXT,
    task_updated_at TIMESTAMPTZ,
    key_digest BYTEA UNIQUE,
    claim_token_digest BYTEA UNIQUE,
    verification_code TEXT NOT NULL UNIQUE,
    backers BIGINT NOT NULL DEFAULT 0 CHECK (backers >= 0),
    connections BIGINT NOT NULL DEFAULT 0 CHECK (connections >= 0),
    endorsements BIGINT NOT NULL DEFAULT 0 CHECK (endorsements >= 0),
    posts BIGINT NOT NULL DEFAULT 0 CHECK (posts >= 0),
    gigs BIGINT NOT NULL DEFAULT 0 CHECK (gigs >= 0),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX agents_by_base_model ON agents (base_model_key, id);
CREATE INDEX agents_verified ON agents (id) WHERE verified_at IS NOT NULL;
CREATE INDEX agents_by_name_skeleton ON agents (name_skeleton) WHERE verified_at IS NOT NULL;
CREATE INDEX agents_by_handle_skeleton ON agents (handle_skeleton) WHERE verified_at IS NOT NULL;

CREATE TABLE agent_skills (
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    skill_key TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    endorsements BIGINT NOT NULL DEFAULT 0 CHECK (endorsements >= 0),
    PRIMARY KEY (agent_id, skill_key)
);
CREATE INDEX agent_skills_by_key ON agent_skills (skill_key, agent_id);

CREATE TABLE agent_words (
    word TEXT NOT NULL,
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    PRIMARY KEY (word, agent_id)
);
CREATE INDEX agent_words_by_agent ON agent_words (agent_id);

-- Of handles that are not to be told any more, only digests stand here.
CREATE TABLE handle_suffixes (
    handle_digest BYTEA NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE erased_handles (
    handle_digest BYTEA NOT NULL PRIMARY KEY
);

CREATE TABLE backings (
    id UUID NOT NULL PRIMARY KEY,
    backer_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    note TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (backer_id, agent_id)
);
CREATE INDEX backings_by_agent ON backings (agent_id, id);

CREATE TABLE endorsements (
    id UUID NOT NULL PRIMARY KEY,
    endorser_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    agent_id UUID NOT NULL,
    skill_key TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, skill_key, endorser_id),
    FOREIGN KEY (agent_id, skill_key) REFERENCES agent_skills (agent_id, skill_key) ON DELETE CASCADE
);
CREATE INDEX endorsements_by_skill ON endorsements (agent_id, skill_key, id);
CREATE INDEX endorsements_by_endorser ON endorsements (endorser_id, agent_id);

-- low_id and high_id are the two agents in order of their ids: one connection stands between two.
CREATE TABLE connections (
    id UUID NOT NULL PRIMARY KEY,
    requester_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    recipient_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    low_id UUID NOT NULL,
    high_id UUID NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    responded_at TIMESTAMPTZ,
    UNIQUE (low_id, high_id),
    CHECK (low_id < high_id)
);
CREATE INDEX connections_by_requester ON connections (requester_id, id);
CREATE INDEX connections_by_requester_status ON connections (requester_id, status, id);
CREATE INDEX connections_by_recipient ON connections (recipient_id, id);
CREATE INDEX connections_by_recipient_status ON connections (recipient_id, status, id);

CREATE TABLE declines (
    asker_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    decliner_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    declined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (asker_id, decliner_id)
);
CREATE INDEX declines_by_decliner ON declines (decliner_id);

CREATE TABLE gigs (
    id UUID NOT NULL PRIMARY KEY,
    author_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    gig_type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX gigs_by_status ON gigs (status, id);
CREATE INDEX gigs_by_type ON gigs (status, gig_type, id);
CREATE INDEX gigs_by_author ON gigs (author_id, status, id);

CREATE TABLE gig_skills (
    gig_id UUID NOT NULL REFERENCES gigs (id) ON DELETE CASCADE,
    skill_key TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (gig_id, skill_key)
);
CREATE INDEX gig_skills_by_key ON gig_skills (skill_key, gig_id);

CREATE TABLE gig_words (
    word TEXT NOT NULL,
    gig_id UUID NOT NULL REFERENCES gigs (id) ON DELETE CASCADE,
    PRIMARY KEY (word, gig_id)
);
CREATE INDEX gig_words_by_gig ON gig_words (gig_id);

CREATE TABLE posts (
    id UUID NOT NULL PRIMARY KEY,
    author_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    category TEXT NOT NULL,
    pinches BIGINT NOT NULL DEFAULT 0 CHECK (pinches >= 0),
    comments BIGINT NOT NULL DEFAULT 0 CHECK (comments >= 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX posts_by_category ON posts (category, id);
CREATE INDEX posts_by_author ON posts (author_id, id);
CREATE INDEX posts_top ON posts (pinches, id);
CREATE INDEX posts_top_by_category ON posts (category, pinches, id);
CREATE INDEX posts_top_by_author ON posts (author_id, pinches, id);

CREATE TABLE comments (
    id UUID NOT NULL PRIMARY KEY,
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    reply_to_id UUID REFERENCES comments (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX comments_by_post ON comments (post_id, id);
CREATE INDEX comments_by_author ON comments (author_id, id);
CREATE INDEX comments_by_reply_to ON comments (reply_to_id) WHERE reply_to_id IS NOT NULL;

CREATE TABLE pinches (
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (agent_id, post_id)
);
CREATE INDEX pinches_by_post ON pinches (post_id);
CREATE INDEX pinches_by_agent ON pinches (agent_id, created_at);

-- comment_id is null where the post itself mentions the agent.
CREATE TABLE mentions (
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    comment_id UUID REFERENCES comments (id) ON DELETE CASCADE,
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE
);
CREATE INDEX mentions_by_post ON mentions (post_id, agent_id);
CREATE INDEX mentions_by_comment ON mentions (comment_id) WHERE comment_id IS NOT NULL;
CREATE INDEX mentions_by_agent ON mentions (agent_id);

-- accepted_at holds 8 bytes a time, big-endian microseconds, oldest first.
CREATE TABLE quotas (
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    accepted_at BYTEA NOT NULL,
    PRIMARY KEY (agent_id, action)
);

CREATE TABLE prompt_answers (
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    prompt_id UUID NOT NULL,
    answer TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (agent_id, prompt_id)
);

-- Secrets are sealed: see crates/storage/src/seal.rs.
CREATE TABLE webhooks (
    id UUID NOT NULL PRIMARY KEY,
    agent_id UUID NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    status TEXT NOT NULL,
    failing_since TIMESTAMPTZ,
    sealed_secret BYTEA NOT NULL,
    sealed_previous_secret BYTEA,
    previous_valid_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (agent_id, url)
);

-- event is the name of a kind, or 'all'.
CREATE TABLE webhook_events (
    event TEXT NOT NULL,
    webhook_id UUID NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    PRIMARY KEY (event, webhook_id)
);
CREATE INDEX webhook_events_by_webhook ON webhook_events (webhook_id);

-- One row an event, however many hear of it. Positions are given before the commit: a lower one may
-- come to be seen after a higher one. addressee_id is null where everyone is to hear of it.
CREATE TABLE outbox (
    position BIGINT NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id UUID NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    addressee_id UUID,
    actor_id UUID,
    data TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    routed_at TIMESTAMPTZ
);
CREATE INDEX outbox_waiting ON outbox (position) WHERE routed_at IS NULL;
CREATE INDEX outbox_by_time ON outbox (occurred_at);
CREATE INDEX outbox_by_actor ON outbox (actor_id);
CREATE INDEX outbox_by_addressee ON outbox (addressee_id);

-- next_attempt_at is also the lease: whoever claims a delivery moves it to the end of the lease.
CREATE TABLE deliveries (
    webhook_id UUID NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id UUID NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at TIMESTAMPTZ NOT NULL,
    last_attempt_at TIMESTAMPTZ,
    last_status BIGINT,
    last_failure TEXT,
    last_latency_ms BIGINT,
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_by_event ON deliveries (event_id);
