-- commit(ids, epochs, versions seen, first seqs, last seqs, nows, states, timers, generations, stale, replica;
--        effect conversations, ordinals, uuids, lanes, payloads, expiries;
--        reminder conversations, names, due times; forgotten conversations, names;
--        whether they knew of a pause, reasons for one that begins or null, whether it ends, and why) -> ids that committed.
-- The others are fenced: their version moved, a later epoch wrote, or the timer they handled is gone or has been overtaken
-- by an event. Sends that are asked for during a pause are born cancelled; with the pause that a turn begins, or ends, what
-- turns before it asked for is muted, and what it asks for itself leaves; where it says that the pause begins and ends, the pause
-- goes on as it was and what the turn asks for leaves. At most one turn per conversation in a batch. The conversation's row is locked first, and timers change only
-- under that lock. Names that are set are not among those forgotten. Counting locks all rows before the first update, once (a
-- join with `locked` is quadratic); `= any` bounds the scan whatever the planner believes of the table.
with wanted as materialized (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::bytea[],
    $8::text[], $9::bigint[], $10::boolean[], $23::boolean[], $24::text[], $25::boolean[], $26::text[])
    as t(id, epoch, version, first_seq, last_seq, now, state, timer, generation, stale, paused, pause, resume, resume_why)
), locked as materialized (
  select c.id from conversation c where c.id = any($1::text[]) order by c.id collate "C" for no key update
), ok as (
  update conversation c
  set state = w.state, done_seq = w.last_seq, version = c.version + 1, epoch = w.epoch, attempts = 0, attempts_since = null,
    muted_to = case when (w.pause is not null) <> w.resume then c.version else c.muted_to end,
    paused_after = case when w.pause is not null then c.version + 1 when not w.resume then c.paused_after end,
    paused_since = case when (w.pause is not null) = w.resume then c.paused_since when not w.resume then now() end,
    paused_by = case when (w.pause is not null) = w.resume then c.paused_by when not w.resume then 'bot' end,
    paused_why = case when (w.pause is not null) = w.resume then c.paused_why when not w.resume then w.pause end,
    paused_to = case when (w.pause is not null) = w.resume then c.paused_to end,
    resumed_by = case when w.resume and w.pause is null then 'bot' else c.resumed_by end,
    resumed_why = case when w.resume and w.pause is null then w.resume_why else c.resumed_why end
  from wanted w
  where (select count(*) from locked) > 0 and c.id = any($1::text[])
    and c.id = w.id and c.version = w.version and c.epoch <= w.epoch and c.done_seq = w.first_seq - 1 and not c.parked
    and (w.timer is null or (c.done_seq = c.next_seq - 1 and exists (
      select 1 from timer t where t.conversation = w.id and t.name = w.timer and t.generation = w.generation)))
  returning c.id, c.shard, c.channel, c.version, w.first_seq, w.last_seq, w.now, w.epoch, w.timer, w.stale,
    w.paused and w.pause is null and not w.resume as silent, w.paused
), turns as (
  insert into turn(conversation, version, first_seq, last_seq, now, epoch, replica, timer, paused)
  select id, version, first_seq, last_seq, now, epoch, $11, timer, paused from ok
), letters as (
  insert into dead_letter(conversation, channel, seq, fate, reason, payload, received_at)
  select ok.id, ok.channel, i.seq, 'stale', 'it was too old to be answered', i.payload, i.received_at
  from ok join inbox i on i.conversation = ok.id and i.seq between ok.first_seq and ok.last_seq where ok.stale order by i.conversation, i.seq
  on conflict do nothing
), forgotten as (
  delete from timer t using ok, unnest($21::text[], $22::text[]) as f(conversation, name)
  where f.conversation = ok.id and t.conversation = f.conversation and t.name = f.name
), reminders as (
  insert into timer(conversation, name, generation, due_at, shard)
  select ok.id, r.name, ok.version, r.due_at, ok.shard
  from unnest($18::text[], $19::text[], $20::timestamptz[]) as r(conversation, name, due_at)
  join ok on ok.id = r.conversation
  on conflict (conversation, name) do update set generation = excluded.generation, due_at = excluded.due_at
), effects as (
  insert into outbox(conversation, version, ordinal, id, shard, lane, payload, expires_at, status)
  select ok.id, ok.version, e.ordinal, e.id, ok.shard, e.lane, e.payload, e.expires_at,
    case when ok.silent and e.lane = 'send' then 'cancelled' else 'queued' end
  from unnest($12::text[], $13::int[], $14::uuid[], $15::text[], $16::bytea[], $17::timestamptz[])
    as e(conversation, ordinal, id, lane, payload, expires_at)
  join ok on ok.id = e.conversation
)
select id from ok;
