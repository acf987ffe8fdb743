-- gather_turn(limit): turns that no period covered go into the period of the day, if there is one.
update turn t set kept_at = now()
from (
  select conversation, version, kept_at from turn_default
  where exists (select from period where starts_at <= now() and now() < ends_at) limit $1) d
where t.conversation = d.conversation and t.version = d.version and t.kept_at = d.kept_at;
