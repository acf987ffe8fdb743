-- $1 tenant, $2 code of an advertisement, $3 vertical, $4 campaign, $5 language, $6 expires, $7 now; says whether it is bound
-- now: an advertisement of another tenant stays that tenant's.
with changed as (
  update tenant_routes set vertical = $3, campaign = $4, language = $5, expires_at = $6, active = true
  where tenant_id = $1 and code = $2 returning 1),
added as (
  insert into tenant_routes (tenant_id, code, vertical, campaign, language, expires_at, created_at)
  select $1, $2, $3, $4, $5, $6, $7 where not exists (select from changed)
  on conflict (code) do nothing returning 1)
select (select count(*) from changed) + (select count(*) from added)
