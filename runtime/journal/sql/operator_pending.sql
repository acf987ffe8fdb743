-- operator_pending(shards int[], limit) -> (conversation, shard) of those with sends of operators that are not settled.
select distinct conversation, shard from outbox
where operator is not null and status in ('queued', 'sending', 'uncertain') and shard = any($1::int[])
order by conversation limit $2;
