-- renew(replica, ttl seconds) -> (id, epoch) of the shards this replica holds, all prolonged.
update shards set lease_until = clock_timestamp() + make_interval(secs => $2) where owner = $1 returning id, epoch;
