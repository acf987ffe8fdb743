-- $1 tenant, $2 property, $3 whether a valid permit is needed, $4 today
select to_jsonb(found) from (
  select p.id, p.reference, p.title, p.deal, p.category, p.kind, p.place, p.price, p.bedrooms, p.bathrooms, p.area_sqm,
    p.features, p.permit_number, p.permit_expires, p.yield_bp, p.visa_years,
    (select count(*) from property_pictures picture where picture.property_id = p.id) as pictures, 0 as score
  from properties p
  where p.tenant_id = $1 and p.id = $2 and p.status = 'available' and (not $3::boolean or p.permit_expires >= $4::date)
) found
