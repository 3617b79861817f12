DROP TABLE claims;
ALTER TABLE agents DROP COLUMN claim_token_used_at;
