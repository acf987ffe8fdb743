-- token_revoke(id) -> (id, before) if there is one: whether it was revoked before.
update api_token t set revoked_at = coalesce(t.revoked_at, now()) from api_token before
where t.id = $1 and before.id = t.id returning t.id, before.revoked_at is not null as before;
