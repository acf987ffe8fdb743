-- $1 conversation, $2 cause, $3 tenant, $4 reason, $5 at, $6 the code or the advertisement that led there, or null
insert into routing_decisions (conversation, cause, tenant_id, reason, at, named) values ($1, $2, $3, $4, $5, $6)
on conflict (conversation, cause) do nothing
