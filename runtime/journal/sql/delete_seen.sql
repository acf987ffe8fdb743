-- delete_seen(age seconds, limit): dedup keys that no repetition can ask for any more.
delete from seen where ctid = any(array(
  select ctid from seen where at < now() - make_interval(secs => $1) order by at limit $2));
