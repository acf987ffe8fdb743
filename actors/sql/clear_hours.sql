-- $1 tenant, $2 names of operators
delete from availability_rules where tenant_id = $1
  and operator_id in (select id from operators where tenant_id = $1 and name = any ($2::text[]))
