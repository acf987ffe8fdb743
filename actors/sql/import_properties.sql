-- $1 tenant, $2 rows as JSON; says of each whether it is new or changed, and nothing of those that are as they were
insert into properties (tenant_id, reference, title, deal, category, kind, place, price, bedrooms, bathrooms, area_sqm,
  features, status, permit_number, permit_expires, yield_bp, visa_years)
select $1, reference, title, deal, category, kind, place, price, bedrooms, bathrooms, area_sqm,
  features, status, permit_number, permit_expires, yield_bp, visa_years
from jsonb_to_recordset($2::jsonb) as given(reference text, title jsonb, deal text, category text, kind text, place text,
  price bigint, bedrooms int, bathrooms int, area_sqm int, features text[], status text, permit_number text,
  permit_expires date, yield_bp int, visa_years int)
on conflict (tenant_id, reference) do update set
  (title, deal, category, kind, place, price, bedrooms, bathrooms, area_sqm, features, status, permit_number,
   permit_expires, yield_bp, visa_years, updated_at) =
  (excluded.title, excluded.deal, excluded.category, excluded.kind, excluded.place, excluded.price, excluded.bedrooms,
   excluded.bathrooms, excluded.area_sqm, excluded.features, excluded.status, excluded.permit_number,
   excluded.permit_expires, excluded.yield_bp, excluded.visa_years, now())
where (properties.title, properties.deal, properties.category, properties.kind, properties.place, properties.price,
   properties.bedrooms, properties.bathrooms, properties.area_sqm, properties.features, properties.status,
   properties.permit_number, properties.permit_expires, properties.yield_bp, properties.visa_years)
  is distinct from
  (excluded.title, excluded.deal, excluded.category, excluded.kind, excluded.place, excluded.price, excluded.bedrooms,
   excluded.bathrooms, excluded.area_sqm, excluded.features, excluded.status, excluded.permit_number,
   excluded.permit_expires, excluded.yield_bp, excluded.visa_years)
returning xmax = 0 as added
