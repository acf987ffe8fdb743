-- delete_dead_letter(age seconds, limit): skipped and stale events that nobody will replay any more.
delete from dead_letter where ctid = any(array(
  select ctid from dead_letter where at < now() - make_interval(secs => $1) order by at limit $2 for update skip locked));
