-- pause(conversation, by, why) -> (by, why, since, fresh, cancelled) if it exists; it is locked. Marks it paused and cancels
-- what its bot has queued to send; what is in doubt is not sent once more. A pause of before stays whose it was, but now holds
-- back everything, and one of the bot's is the operator's to answer from now on. A fresh one, and that, take a version, so that
-- a turn which began before is fenced.
with marked as (
  update conversation c
  set version = c.version + taken.fresh::int, paused_after = c.version + taken.fresh::int, muted_to = c.version + taken.fresh::int,
    paused_to = case when c.paused_after is not null and taken.fresh then $2 else c.paused_to end,
    paused_since = case when c.paused_after is null then now() else c.paused_since end,
    paused_by = case when c.paused_after is null then $2 else c.paused_by end,
    paused_why = case when c.paused_after is null then $3 else c.paused_why end
  from conversation before, lateral (select before.paused_after is null
      or (before.paused_by = 'bot' and before.paused_to is null) as fresh) taken
  where c.id = $1 and before.id = c.id
  returning c.shard, c.paused_by, c.paused_why, c.paused_since, before.paused_after is null as fresh
), held as materialized (
  select o.id from outbox o
  where o.shard = (select shard from marked) and o.conversation = $1 and o.lane = 'send' and o.operator is null
    and o.status in ('queued', 'uncertain')
  order by o.id for no key update
), cancelled as (
  update outbox o set status = 'cancelled' from held h where o.id = h.id returning o.id
)
select paused_by as by, paused_why as why, paused_since as since, fresh, (select count(*) from cancelled) as cancelled
from marked;
