-- past_turns(conversation) -> its turns in order, each with the events that it handled. Of events and turns that retention has
-- dropped nothing is left.
select t.version, t.now, coalesce(t.timer, '') as timer, t.paused, e.payloads, e.received_at,
  exists (select from dead_letter d
    where d.conversation = t.conversation and d.seq between t.first_seq and t.last_seq and d.fate = 'stale') as stale
from turn t
cross join lateral (
  select coalesce(array_agg(i.payload order by i.seq), '{}') as payloads,
    coalesce(array_agg(i.received_at order by i.seq), '{}') as received_at
  from inbox i where i.conversation = t.conversation and i.seq between t.first_seq and t.last_seq) e
where t.conversation = $1 order by t.version;
