-- $1 tenant, $2 deal, $3 category, $4 kind, $5 and $6 price from and to, $7 places (empty: any), $8 and $9 bedrooms from and
-- to, $10 whether a valid permit is needed, $11 today, $12 lead (what it was shown is left out), $13 amenities, $14 goal,
-- $15 how many. What is null is not asked for. The score is told in actors/agency/listings.py.
select to_jsonb(found) || jsonb_build_object('pictures',
  (select count(*) from property_pictures picture where picture.property_id = found.id))
from (
  select p.id, p.reference, p.title, p.deal, p.category, p.kind, p.place, p.price, p.bedrooms, p.bathrooms, p.area_sqm,
    p.features, p.permit_number, p.permit_expires, p.yield_bp, p.visa_years,
    case when cardinality($13::text[]) = 0 then 40
      else 40 * (select count(*) from unnest($13::text[]) wanted where wanted = any (p.features)) / cardinality($13::text[]) end
    + case $14::text
        when 'investment' then least(30, 30 * coalesce(p.yield_bp, 0) / 1000)
        when 'residency' then case when p.visa_years is null then 0 else 30 end
        else 15 end
    + case when $6::bigint is null then 10 else 20 - 20 * least(p.price, $6) / greatest($6, 1) end
    + case when exists (select from property_pictures picture where picture.property_id = p.id) then 5 else 0 end
    + case when p.area_sqm is null then 0 else 5 end as score
  from properties p
  where p.tenant_id = $1 and p.status = 'available'
    and (not $10::boolean or p.permit_expires >= $11::date)
    and ($2::text is null or p.deal = $2)
    and ($3::text is null or p.category = $3)
    and ($4::text is null or p.kind = $4)
    and ($5::bigint is null or p.price >= $5)
    and ($6::bigint is null or p.price <= $6)
    and (cardinality($7::text[]) = 0 or p.place = any ($7))
    and ($8::int is null or p.bedrooms >= $8)
    and ($9::int is null or p.bedrooms <= $9)
    and not exists (select from shown_listings shown where shown.lead_id = $12::bigint and shown.property_id = p.id)
  order by score desc, p.price, p.id
  limit $15
) found
order by found.score desc, found.price, found.id
