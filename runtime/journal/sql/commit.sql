-- commit(ids, epochs, versions seen, first seqs, last seqs, nows, states, replica;
--        effect conversations, ordinals, uuids, lanes, payloads, expiries) -> ids that committed.
-- The others are fenced: their version moved, or a later epoch wrote. At most one turn per conversation in a batch.
with wanted as materialized (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::bytea[])
    as t(id, epoch, version, first_seq, last_seq, now, state)
), locked as materialized (
  select c.id from conversation c where c.id = any($1::text[]) order by c.id collate "C" for no key update
), ok as (
  update conversation c set state = w.state, done_seq = w.last_seq, version = c.version + 1, epoch = w.epoch
  from wanted w, locked l
  where c.id = w.id and l.id = w.id and c.version = w.version and c.epoch <= w.epoch and c.done_seq = w.first_seq - 1
  returning c.id, c.shard, c.version, w.first_seq, w.last_seq, w.now, w.epoch
), turns as (
  insert into turn(conversation, version, first_seq, last_seq, now, epoch, replica)
  select id, version, first_seq, last_seq, now, epoch, $8 from ok
), effects as (
  insert into outbox(conversation, version, ordinal, id, shard, lane, payload, expires_at)
  select ok.id, ok.version, e.ordinal, e.id, ok.shard, e.lane, e.payload, e.expires_at
  from unnest($9::text[], $10::int[], $11::uuid[], $12::text[], $13::bytea[], $14::timestamptz[])
    as e(conversation, ordinal, id, lane, payload, expires_at)
  join ok on ok.id = e.conversation
)
select id from ok;
