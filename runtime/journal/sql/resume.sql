-- resume(conversation, by) -> (channel, version, cancelled) if it was paused; it is locked. What was asked for before never leaves.
with marked as (
  update conversation
  set version = version + 1, muted_to = version + 1, paused_after = null, paused_since = null, paused_by = null,
    paused_why = null, paused_to = null, resumed_by = $2, resumed_why = 'by an operator'
  where id = $1 and paused_after is not null
  returning shard, channel, version
), held as materialized (
  select o.id from outbox o
  where o.shard = (select shard from marked) and o.conversation = $1 and o.lane = 'send' and o.operator is null
    and o.status in ('queued', 'uncertain')
  order by o.id for no key update
), cancelled as (
  update outbox o set status = 'cancelled' from held h where o.id = h.id returning o.id
)
select channel, version, (select count(*) from cancelled) as cancelled from marked;
