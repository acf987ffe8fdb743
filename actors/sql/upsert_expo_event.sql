-- $1 tenant, $2 key, $3 title as JSON, $4 venue, $5 stand, $6 from, $7 to, $8 facts as JSON
insert into expo_events (tenant_id, key, title, venue, stand, starts_at, ends_at, facts)
values ($1, $2, $3::jsonb, $4, $5, $6, $7, $8::jsonb)
on conflict (tenant_id, key) do update set title = excluded.title, venue = excluded.venue, stand = excluded.stand,
  starts_at = excluded.starts_at, ends_at = excluded.ends_at, facts = excluded.facts
