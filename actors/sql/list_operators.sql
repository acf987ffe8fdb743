-- $1 tenant, $2 whether those alone who take conversations over: they come in their order
select to_jsonb(found) from (
  select id, name, phone, language, handoff_order, active from operators
  where tenant_id = $1 and (not $2::boolean or (active and handoff_order is not null and phone is not null))
  order by handoff_order nulls last, name limit 1000) found
