-- replay_timers(dead letters bigint[]) -> (letter, parked) of the timers that are due again, at the time that they were, so
-- that their turns can be run again from the books; their conversations are locked. A timer that is set stays as it is: the actor has set it since, for another time.
with picked as materialized (
  select distinct on (d.conversation, d.timer) d.id, d.conversation, d.timer, d.received_at, c.version, c.shard, c.parked
  from dead_letter d join conversation c on c.id = d.conversation
  where d.id = any($1::bigint[]) and d.timer is not null order by d.conversation, d.timer, d.id
), due as (
  insert into timer(conversation, name, generation, due_at, shard)
  select conversation, timer, version, received_at, shard from picked on conflict do nothing
  returning conversation, name
), marked as (
  update dead_letter d set replayed_at = now() from picked p join due on due.conversation = p.conversation and due.name = p.timer
  where d.id = p.id
  returning d.id
)
select m.id as letter, p.parked from marked m join picked p using (id);
