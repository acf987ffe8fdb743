-- pending(shards int[], limit, after) -> conversations with effects that are not settled, in key order, a page at a time.
-- Materialized, or the planner walks through the whole outbox in key order.
with unsettled as materialized (
  select distinct conversation, shard from outbox
  where status in ('queued', 'sending', 'uncertain') and shard = any($1::int[])
)
select conversation, shard from unsettled where conversation > $3 order by conversation limit $2;
