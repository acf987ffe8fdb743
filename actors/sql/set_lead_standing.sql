-- $1 tenant, $2 lead, $3 score, $4 stage, $5 now
update leads set score = $3, stage = $4, updated_at = $5 where tenant_id = $1 and id = $2
