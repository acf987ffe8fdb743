-- delete_receipt(age seconds, limit): receipts whose send never came to be known.
delete from receipt where ctid = any(array(
  select ctid from receipt where at < now() - make_interval(secs => $1) order by at limit $2 for update skip locked));
