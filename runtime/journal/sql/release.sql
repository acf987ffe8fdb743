-- release(replica, ids int[]): gives shards back; another replica may take them at once.
update shards set owner = null, lease_until = '-infinity' where owner = $1 and id = any($2::int[]);
