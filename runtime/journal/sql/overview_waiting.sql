-- overview_waiting(channel or null, most, limit) -> ids of conversations whose events wait, the oldest event first; of `most`
-- that are looked at, in the order of their shards, which is as good as any.
with first as materialized (
  select id, done_seq from conversation
  where done_seq < next_seq - 1 and not parked and ($1::text is null or channel = $1) limit $2
)
select s.id from first s
cross join lateral (select received_at from inbox where conversation = s.id and seq = s.done_seq + 1 limit 1) i
order by i.received_at, s.id limit $3;
