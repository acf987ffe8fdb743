-- backlog(shards int[], limit, after) -> conversations with unhandled events, in key order, a page at a time: those that do
-- not get on must not hide the others.
select id, shard from conversation where done_seq < next_seq - 1 and shard = any($1::int[]) and id > $3
order by id limit $2;
