-- gather_inbox(limit): events that no period covered go into the period of the day, if there is one.
update inbox i set kept_at = now()
from (
  select conversation, seq, kept_at from inbox_default
  where exists (select from period where starts_at <= now() and now() < ends_at) limit $1) d
where i.conversation = d.conversation and i.seq = d.seq and i.kept_at = d.kept_at;
