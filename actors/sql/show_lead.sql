-- $1 tenant, $2 lead
select to_jsonb(lead) - 'tenant_id' from leads lead where lead.tenant_id = $1 and lead.id = $2
