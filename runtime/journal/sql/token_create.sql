-- token_create(hash, label, tenant or null, scopes text[], seconds or null) -> (id, expires_at).
insert into api_token(hash, label, tenant, scopes, expires_at)
values ($1, $2, $3, $4, now() + make_interval(secs => $5::float8)) returning id, expires_at;
