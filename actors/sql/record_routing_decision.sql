-- $1 conversation, $2 cause, $3 tenant, $4 reason, $5 at
insert into routing_decisions (conversation, cause, tenant_id, reason, at) values ($1, $2, $3, $4, $5)
on conflict (conversation, cause) do nothing
