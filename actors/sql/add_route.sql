-- $1 tenant, $2 code, $3 vertical, $4 campaign, $5 language, $6 expires, $7 now
insert into tenant_routes (tenant_id, code, vertical, campaign, language, expires_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
