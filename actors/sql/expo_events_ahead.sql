-- $1 tenant, $2 now, $3 how many: those that are not over, the next first
select to_jsonb(found) from (
  select id, key, title, venue, stand, starts_at, ends_at, facts from expo_events
  where tenant_id = $1 and ends_at > $2 order by starts_at, id limit $3) found
