-- replay_events(dead letters bigint[], dedups text[]) -> (letter, seq, waiting, parked) of the events that came again, at the
-- end of their conversations, which are locked: sequences are allocated as ingest does. Not perishable any more.
with wanted as materialized (
  select d.id as letter, d.conversation, d.payload, w.dedup,
    row_number() over (partition by d.conversation order by d.seq, d.id) as n,
    count(*) over (partition by d.conversation) as total
  from unnest($1::bigint[], $2::text[]) as w(id, dedup) join dead_letter d using (id)
), bumped as (
  update conversation c set next_seq = c.next_seq + w.total from wanted w where w.n = 1 and c.id = w.conversation
  returning c.id, c.next_seq - w.total as first, c.done_seq, c.parked
), numbered as materialized (
  select w.letter, w.conversation, w.payload, w.dedup, b.first + w.n - 1 as seq, b.done_seq, b.parked
  from wanted w join bumped b on b.id = w.conversation
), keys as (
  insert into seen(dedup) select dedup from numbered order by dedup on conflict do nothing
), marked as (
  update dead_letter d set replayed_at = now() from numbered n where d.id = n.letter
), events as (
  insert into inbox(conversation, seq, dedup, payload) select conversation, seq, dedup, payload from numbered
)
select letter, seq, seq - 1 - done_seq as waiting, parked from numbered;
