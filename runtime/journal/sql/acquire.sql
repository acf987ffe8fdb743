-- acquire(replica, ttl seconds, own boolean) -> (id, epoch) of shards that were free or expired (or, with own, left by an
-- earlier life of this replica) and now are its; a new epoch fences whoever held them.
update shards set owner = $1, epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $2)
where id in (
  select id from shards
  where owner is null or lease_until < clock_timestamp() or ($3 and owner = $1)
  order by id for update skip locked)
returning id, epoch;
