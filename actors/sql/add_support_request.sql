-- $1 tenant, $2 number, $3 lead, $4 topic, $5 words, $6 cause, $7 now
insert into support_requests (tenant_id, number, lead_id, topic, words, cause, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
