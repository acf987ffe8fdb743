-- restore_leases() -> (owner, seconds) of replicas whose lease of some shard has not run out.
select owner, extract(epoch from max(lease_until) - clock_timestamp())::float8 as seconds
from shards where owner is not null and lease_until > clock_timestamp() group by owner order by owner;
