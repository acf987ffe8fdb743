-- $1 tenant, $2 stage or null, $3 least score, $4 $5 $6 score, time and id of the last one of the page before or null, $7 how many
select to_jsonb(lead) - 'tenant_id' from leads lead
where lead.tenant_id = $1 and ($2::text is null or lead.stage = $2) and lead.score >= $3
  and ($4::int is null or (lead.score, lead.updated_at, lead.id) < ($4, $5::timestamptz, $6::bigint))
order by lead.score desc, lead.updated_at desc, lead.id desc
limit $7
