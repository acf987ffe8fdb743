-- $1 tenant, $2 contact, $3 conversation, $4 source, $5 its reference, $6 now; where a person came from first stays
insert into leads (tenant_id, contact, conversation, source, source_ref, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $6)
on conflict (tenant_id, contact) do update set conversation = excluded.conversation
returning id
