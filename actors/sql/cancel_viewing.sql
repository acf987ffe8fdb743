-- $1 tenant, $2 appointment, $3 lead, $4 now; no row where there is none ahead
update appointments set status = 'cancelled'
where tenant_id = $1 and id = $2 and lead_id = $3 and status in ('booked', 'confirmed') and lower(during) > $4
returning id
