-- $1 tenant
delete from closures where tenant_id = $1
