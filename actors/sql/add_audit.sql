-- $1 tenant, $2 who, $3 action, $4 object, $5 details as JSON
insert into audit_log (tenant_id, who, action, object, details) values ($1, $2, $3, $4, $5::jsonb)
