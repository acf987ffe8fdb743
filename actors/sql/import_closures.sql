-- $1 tenant, $2 names of operators (null: everybody), $3 and $4 days from and to, pairwise
insert into closures (tenant_id, operator_id, first_day, last_day)
select $1, operator.id, given.first_day, given.last_day
from unnest($2::text[], $3::date[], $4::date[]) as given(name, first_day, last_day)
left join operators operator on operator.tenant_id = $1 and operator.name = given.name
