-- $1 tenant, $2 lead
select kind from lead_events where tenant_id = $1 and lead_id = $2 order by at, id
