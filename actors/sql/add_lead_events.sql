-- $1 tenant, $2 lead, $3 kinds, $4 cause, $5 data as JSON, $6 at; says how many were new. The lead's row is locked first, so
-- that of two who fold its events the later one sees them all.
with locked as materialized (select id from leads where tenant_id = $1 and id = $2 for update),
added as (
  insert into lead_events (tenant_id, lead_id, kind, cause, data, at)
  select $1, locked.id, given.kind, $4, $5::jsonb, $6
  from locked, unnest($3::text[]) with ordinality as given(kind, place) order by given.place
  on conflict (lead_id, cause, kind) do nothing
  returning 1)
select count(*) from added
