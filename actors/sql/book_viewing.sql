-- $1 tenant, $2 operator, $3 lead, $4 property, $5 from, $6 to, $7 cause, $8 now; no row where somebody was faster
insert into appointments (tenant_id, operator_id, lead_id, property_id, during, cause, created_at)
values ($1, $2, $3, $4, tstzrange($5, $6), $7, $8)
on conflict do nothing
returning id
