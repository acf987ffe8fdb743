-- delete_outbox(age seconds, limit): effects that ended long ago. Those that somebody has locked wait for the next time.
-- Those that were cancelled have an index of their own, and are as many again at most.
delete from outbox where ctid = any(array(
  select ctid from outbox
  where status in ('done', 'failed') and created_at < now() - make_interval(secs => $1)
  order by created_at limit $2 for update skip locked) || array(
  select ctid from outbox
  where status = 'cancelled' and created_at < now() - make_interval(secs => $1)
  order by created_at limit $2 for update skip locked));
