-- $1 tenant, $2 lead
delete from shown_listings where tenant_id = $1 and lead_id = $2
