-- read(conversations text[], after seqs bigint[], limit) -> the next events of each, in order.
select w.conversation, i.seq, i.payload, i.received_at, extract(epoch from i.stale_at - now())::float8 as fresh_for
from unnest($1::text[], $2::bigint[]) as w(conversation, after)
cross join lateral (
  select seq, payload, received_at, stale_at from inbox
  where conversation = w.conversation and seq > w.after order by seq limit $3) i
order by w.conversation, i.seq;
