-- token_list(limit) -> all tokens without their hashes, the newest first.
select id, label, tenant, scopes, created_at, expires_at, revoked_at from api_token order by id desc limit $1;
