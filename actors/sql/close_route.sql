-- $1 tenant, $2 code
update tenant_routes set active = false where tenant_id = $1 and code = $2 and active returning 1
