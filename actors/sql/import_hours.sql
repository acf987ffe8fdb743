-- $1 tenant, $2 names of operators, $3 weekdays, $4 and $5 from and to, pairwise
insert into availability_rules (tenant_id, operator_id, weekday, starts, ends)
select $1, operator.id, given.weekday, given.starts, given.ends
from unnest($2::text[], $3::int[], $4::time[], $5::time[]) as given(name, weekday, starts, ends)
join operators operator on operator.tenant_id = $1 and operator.name = given.name
