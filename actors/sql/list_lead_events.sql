-- $1 tenant, $2 lead, $3 how many, the newest
select to_jsonb(found) from (
  select kind, cause, data, at from (
    select id, kind, cause, data, at from lead_events where tenant_id = $1 and lead_id = $2 order by at desc, id desc limit $3) newest
  order by at, id) found
