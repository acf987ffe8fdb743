-- $1 tenant, $2 appointment
select to_jsonb(found) from (
  select a.id, a.operator_id as operator, operator.name as operator_name, a.lead_id as lead, a.property_id as property,
    p.reference, lower(a.during) as starts, upper(a.during) as ends, a.status
  from appointments a join operators operator on operator.id = a.operator_id left join properties p on p.id = a.property_id
  where a.tenant_id = $1 and a.id = $2
) found
