-- $1 ids, $2 slugs, $3 names, $4 languages, $5 time zones, $6 states
insert into tenants (id, slug, name, default_language, timezone, status)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
on conflict (id) do update set
  slug = excluded.slug, name = excluded.name, default_language = excluded.default_language,
  timezone = excluded.timezone, status = excluded.status
