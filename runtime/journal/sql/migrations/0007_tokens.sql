-- additive: a version before does not look at it.
-- Tokens of the API. What is not obvious from the columns:
--   * hash: SHA-256 of 32 random bytes in writing. Nobody guesses those, so nothing is gained by a slow hash; and what leaks
--     with the table opens nothing.
--   * tenant: a slug of the settings, opaque here; null: all of them.
create table api_token(
  id int generated always as identity primary key,
  hash bytea not null unique,
  label text not null,
  tenant text,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz);
