-- $1 tenant, $2 id, $3 conversation, $4 message, $5 kind, $6 model, $7 request as JSON, $8 day, $9 tokens, $10 cost, $11 now
insert into model_calls (tenant_id, id, conversation, message, kind, model, request, day, tokens, cost, asked_at)
values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)
