-- When the link claimed: it does so once. Nodes of the version before neither read nor write it.
ALTER TABLE agents ADD COLUMN claim_token_used_at INTEGER;

-- One row for each agent that was claimed. It outlives a verification that a new name has ended, so that the
-- owner can still recover the agent.
CREATE TABLE claims (
    agent_id BLOB NOT NULL PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    account TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    recovery_code_digest BLOB NOT NULL UNIQUE
) STRICT;
