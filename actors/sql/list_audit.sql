-- $1 tenant, $2 how many, the newest first
select to_jsonb(found) from (
  select who, action, object as what, details, at from audit_log where tenant_id = $1 order by id desc limit $2) found
