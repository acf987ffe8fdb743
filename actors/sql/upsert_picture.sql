-- $1 tenant, $2 reference of the property, $3 position, $4 type, $5 content
insert into property_pictures (tenant_id, property_id, position, mime, content)
select $1, id, $3, $4, $5 from properties where tenant_id = $1 and reference = $2
on conflict (property_id, position) do update set mime = excluded.mime, content = excluded.content
where (property_pictures.mime, property_pictures.content) is distinct from (excluded.mime, excluded.content)
