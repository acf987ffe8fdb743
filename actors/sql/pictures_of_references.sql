-- $1 tenant, $2 references of properties; a row for each picture, or one without where there is none
select p.reference, coalesce(picture.position, 0), coalesce(picture.digest, '')
from properties p left join property_pictures picture on picture.property_id = p.id
where p.tenant_id = $1 and p.reference = any($2::text[])
