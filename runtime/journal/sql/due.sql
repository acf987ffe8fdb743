-- due(shards int[], now, after, limit) -> timers that are due, of conversations that are not parked, in key order, a page at a
-- time. `now` is the node's, which does not jump.
select t.conversation, t.shard, t.name, t.generation, t.due_at
from timer t join conversation c on c.id = t.conversation
where t.shard = any($1::int[]) and t.due_at <= $2 and not c.parked and t.conversation > $3
order by t.conversation, t.name limit $4;
