-- skip(conversation) -> (letter, seq, timer, waiting): what it stopped at becomes a dead letter, and it goes on behind it.
-- The conversation is locked, and parked at its next event or at a timer. The version moves, as in unpark; and for a commit
-- that waits for this lock: it would still see the timer that is deleted here.
with removed as (
  delete from parked where conversation = $1 returning seq, timer, fault, origin, since
), freed as (
  update conversation c
  set parked = false, attempts = 0, attempts_since = null, version = c.version + 1, done_seq = coalesce(r.seq, c.done_seq)
  from removed r where c.id = $1 and c.parked and (r.seq is null or r.seq = c.done_seq + 1)
  returning c.channel, c.next_seq - 1 - c.done_seq as waiting, r.*
), forgotten as (
  delete from timer t using freed f where t.conversation = $1 and t.name = f.timer returning t.due_at
), letter as (
  insert into dead_letter(conversation, channel, seq, timer, fate, reason, payload, received_at)
  select $1, f.channel, f.seq, f.timer, 'dead', f.fault || ' at ' || f.origin, coalesce(i.payload, '{}'),
    coalesce(i.received_at, t.due_at, f.since)
  from freed f left join inbox i on i.conversation = $1 and i.seq = f.seq left join forgotten t on true
  returning id
)
select letter.id as letter, f.seq, f.timer, f.waiting from letter, freed f;
