-- pending(shards int[], limit, after) -> conversations with effects that are not settled, in key order, a page at a time.
select distinct conversation, shard from outbox
where status in ('queued', 'sending', 'uncertain') and shard = any($1::int[]) and conversation > $3
order by conversation limit $2;
