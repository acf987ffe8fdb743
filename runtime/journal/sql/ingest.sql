-- ingest(ids text[], shards int[], channels text[], addresses text[], dedups text[], payloads bytea[], seconds fresh float8[])
--   -> (conversation, seq, dedup, received_at) of what was new, in the order given within each conversation.
-- Locks in two phases, each in key order: dedup keys, then conversations. The conversation's row stays locked until the
-- batch commits, so the order of sequences is the order of commits and there are no gaps. The address is the latest one's.
with incoming as materialized (
  select distinct on (dedup collate "C") id, shard, channel, address, dedup collate "C" as dedup, payload, fresh_for, ord
  from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::float8[])
    with ordinality as t(id, shard, channel, address, dedup, payload, fresh_for, ord)
  order by dedup collate "C", ord
), fresh as (
  insert into seen(dedup) select dedup from incoming order by dedup on conflict do nothing returning dedup
), numbered as (
  select id, shard, channel, address, dedup, payload, fresh_for,
    row_number() over w as n, count(*) over (partition by id) as total
  from incoming join fresh using (dedup) window w as (partition by id order by ord)
), bumped as (
  insert into conversation as c(id, shard, channel, address, next_seq)
  select id, shard, channel, address, total + 1 from numbered where n = total order by id collate "C"
  on conflict (id) do update
    set next_seq = c.next_seq + excluded.next_seq - 1,
        address = case when excluded.address = '' then c.address else excluded.address end
  returning id, next_seq
)
insert into inbox(conversation, seq, dedup, payload, stale_at)
select n.id, b.next_seq - 1 - n.total + n.n, n.dedup, n.payload, now() + make_interval(secs => n.fresh_for)
from numbered n join bumped b using (id)
returning conversation, seq, dedup, received_at;
