-- pending(shards int[], limit) -> conversations with effects that are not settled.
select distinct conversation, shard from outbox
where status in ('queued', 'sending', 'uncertain') and shard = any($1::int[]) limit $2;
