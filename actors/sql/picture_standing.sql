-- $1 tenant, $2 property, $3 position, $4 whether a valid permit is needed, $5 today
select to_jsonb(found) from (
  select picture.mime, picture.digest from property_pictures picture join properties p on p.id = picture.property_id
  where picture.tenant_id = $1 and picture.property_id = $2 and picture.position = $3
    and p.status = 'available' and (not $4::boolean or p.permit_expires >= $5::date)
) found
