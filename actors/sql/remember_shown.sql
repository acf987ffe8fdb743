-- $1 tenant, $2 lead, $3 properties, $4 at
insert into shown_listings (tenant_id, lead_id, property_id, shown_at)
select $1, $2, property, $4 from unnest($3::bigint[]) as property
on conflict (lead_id, property_id) do nothing
