-- What there would be if one thing of a wish were different; $1 to $12 as in find_listings, $13 the places beside.
with base as materialized (
  select p.price, p.place, p.kind, p.bedrooms,
    ($5::bigint is null or p.price >= $5) and ($6::bigint is null or p.price <= $6) as price_fits,
    cardinality($7::text[]) = 0 or p.place = any ($7) as place_fits,
    ($8::int is null or p.bedrooms >= $8) and ($9::int is null or p.bedrooms <= $9) as bedrooms_fit,
    ($3::text is null or p.category = $3) as category_fits,
    ($4::text is null or p.kind = $4) as kind_fits
  from properties p
  where p.tenant_id = $1 and p.status = 'available'
    and (not $10::boolean or p.permit_expires >= $11::date)
    and ($2::text is null or p.deal = $2)
    and not exists (select from shown_listings shown where shown.lead_id = $12::bigint and shown.property_id = p.id)
)
select jsonb_build_object(
  'above', array(select price from base where price > $6 and place_fits and bedrooms_fit and category_fits and kind_fits
                 order by price limit 200),
  'below', array(select price from base where price < $5 and place_fits and bedrooms_fit and category_fits and kind_fits
                 order by price desc limit 200),
  'beside', coalesce((select jsonb_object_agg(place, n) from (
    select place, count(*) as n from base
    where place = any ($13::text[]) and price_fits and bedrooms_fit and category_fits and kind_fits group by place) x), '{}'),
  'anywhere', (select count(*) from base
    where not place_fits and price_fits and bedrooms_fit and category_fits and kind_fits),
  'fewer', (select count(*) from base
    where bedrooms = $8 - 1 and price_fits and place_fits and category_fits and kind_fits),
  'more', (select count(*) from base
    where bedrooms = $9 + 1 and price_fits and place_fits and category_fits and kind_fits),
  'kinds', coalesce((select jsonb_object_agg(kind, n) from (
    select kind, count(*) as n from base
    where not kind_fits and category_fits and price_fits and place_fits and bedrooms_fit group by kind) x), '{}'))
