-- fail(ids, epochs, versions seen, attempts, sinces, parked, seqs, timers, faults, origins) -> ids where it was counted.
-- The others are fenced: their version moved, or a later epoch wrote. At most one attempt per conversation in a batch.
with wanted as materialized (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::boolean[], $7::bigint[],
    $8::text[], $9::text[], $10::text[])
    as t(id, epoch, version, attempts, since, parked, seq, timer, fault, origin)
), locked as materialized (
  select c.id from conversation c where c.id = any($1::text[]) order by c.id collate "C" for no key update
), counted as (
  update conversation c
  set attempts = w.attempts, attempts_since = w.since, parked = w.parked, epoch = w.epoch
  from wanted w
  where (select count(*) from locked) > 0 and c.id = any($1::text[])
    and c.id = w.id and c.version = w.version and c.epoch <= w.epoch and c.done_seq = w.seq - 1
    and not c.parked
  returning c.id, c.shard
), parks as (
  insert into parked(conversation, shard, seq, timer, attempts, fault, origin)
  select k.id, k.shard, case when w.timer = '' then w.seq end, nullif(w.timer, ''), w.attempts, w.fault, w.origin
  from counted k join wanted w using (id) where w.parked
  on conflict (conversation) do update
    set seq = excluded.seq, timer = excluded.timer, attempts = excluded.attempts, fault = excluded.fault,
        origin = excluded.origin, since = now()
)
select id from counted;
