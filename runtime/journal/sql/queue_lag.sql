-- queue_lag(at most) -> (shard, seconds): the age of the oldest event that waits and is not parked, of each shard that has one.
-- Of a shard only so many conversations are looked at, by its index of those that are behind, so that a look costs the same
-- however long the queue is; where there are more, the figure is that of some of them, and no less alarming.
-- A range with an order where an equality would do: a plan that reads the whole queue first could not keep that order.
select s.id as shard, max(extract(epoch from clock_timestamp() - first.received_at))::float8 as seconds
from shards s
cross join lateral (
  select id, done_seq from conversation
  where shard between s.id and s.id and done_seq < next_seq - 1 and not parked order by shard limit $1) c
cross join lateral (
  select received_at from inbox where conversation = c.id and seq > c.done_seq order by seq limit 1) first
group by s.id;
