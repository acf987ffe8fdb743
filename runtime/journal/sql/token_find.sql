-- token_find(hash) -> the token if it holds now.
select id, label, tenant, scopes from api_token
where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now());
