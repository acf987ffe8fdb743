-- operator_send(conversation, dedup, effect uuid, payload, operator, expiry) -> the effect, unless the key was there; the
-- conversation is locked, and the effect's id is that of its next version. Whoever writes during a pause that nobody has taken
-- has taken the conversation.
with fresh as (
  insert into seen(dedup) values ($2) on conflict do nothing returning dedup
), moved as (
  update conversation set version = version + 1, operated = true,
    paused_to = case when paused_after is not null then coalesce(paused_to, $5) end
  where id = $1 and exists (select from fresh)
  returning id, shard, version
)
insert into outbox(conversation, version, ordinal, id, shard, lane, payload, expires_at, operator)
select id, version, 0, $3, shard, 'send', $4, $6, $5 from moved
returning id;
