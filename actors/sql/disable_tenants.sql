-- $1 the ids that the settings still hold
update tenants set status = 'disabled' where status <> 'disabled' and id <> all ($1::bigint[])
