-- $1 keys, $2 names as JSON, $3 neighbours as JSON, pairwise
insert into locations (key, names, neighbours)
select key, names::jsonb, array(select jsonb_array_elements_text(neighbours::jsonb))
from unnest($1::text[], $2::text[], $3::text[]) as given(key, names, neighbours)
on conflict (key) do update set names = excluded.names, neighbours = excluded.neighbours
where (locations.names, locations.neighbours) is distinct from (excluded.names, excluded.neighbours)
