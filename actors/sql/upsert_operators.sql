-- $1 tenant, $2 operators as JSON: name, and phone, language and handoff_order where they are told
insert into operators (tenant_id, name, phone, language, handoff_order)
select $1, name, phone, coalesce(language, 'en'), handoff_order
from jsonb_to_recordset($2::jsonb) as given(name text, phone text, language text, handoff_order int)
on conflict (tenant_id, name) do update set phone = coalesce(excluded.phone, operators.phone),
  handoff_order = coalesce(excluded.handoff_order, operators.handoff_order), active = true
