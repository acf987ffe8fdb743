-- $1 tenant, $2 before; a batch
delete from model_calls where tenant_id = $1 and id in (
  select id from model_calls where tenant_id = $1 and asked_at < $2 order by asked_at limit 500)
