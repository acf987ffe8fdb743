-- backlog(shards int[], limit, after) -> conversations with unhandled events that are not parked, in key order, a page at a time: those that do
-- not get on must not hide the others. Materialized, or the planner walks through all conversations in key order.
with behind as materialized (
  select id, shard from conversation where done_seq < next_seq - 1 and not parked and shard = any($1::int[])
)
select id, shard from behind where id > $3 order by id limit $2;
