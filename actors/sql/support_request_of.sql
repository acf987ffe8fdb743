-- $1 tenant, $2 lead, $3 cause
select to_jsonb(found) from (
  select number, lead_id as lead, topic, words, status, created_at, updated_at from support_requests
  where tenant_id = $1 and lead_id = $2 and cause = $3) found
