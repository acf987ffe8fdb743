-- backlog(shards int[], limit) -> conversations with unhandled events.
select id, shard from conversation where done_seq < next_seq - 1 and shard = any($1::int[]) limit $2;
