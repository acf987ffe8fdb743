-- $1 tenant, $2 number, $3 status, $4 now
update support_requests set status = $3, updated_at = $4 where tenant_id = $1 and number = $2 returning 1
