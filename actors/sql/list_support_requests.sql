-- $1 tenant, $2 lead or null, $3 number or null, $4 status or null, $5 how many; the newest first
select to_jsonb(found) from (
  select number, lead_id as lead, topic, words, status, created_at, updated_at from support_requests
  where tenant_id = $1 and ($2::bigint is null or lead_id = $2) and ($3::bigint is null or number = $3)
    and ($4::text is null or status = $4)
  order by number desc limit $5) found
