-- overview_rows(ids text[], most) -> how each conversation stands; of its effects at most `most` of each kind are counted.
select c.id as conversation, c.channel, c.shard, c.version, c.parked, c.attempts, c.attempts_since,
  c.next_seq - 1 - c.done_seq as waiting,
  case when c.done_seq < c.next_seq - 1 then
    (select received_at from inbox where conversation = c.id and seq = c.done_seq + 1 limit 1) end as oldest,
  t.version as turn, t.at as turn_at, t.first_seq, t.last_seq, t.timer,
  coalesce(o.queued, 0) as queued, coalesce(o.doubtful, 0) as doubtful,
  (select min(due_at) from timer where conversation = c.id) as next_timer,
  p.since as parked_since, p.fault, p.origin, p.seq as parked_seq, p.timer as parked_timer,
  c.paused_since, c.paused_by, c.paused_why, c.paused_to
from unnest($1::text[]) as w(id)
join conversation c on c.id = w.id
left join parked p on p.conversation = c.id and c.parked
left join lateral (
  select version, at, first_seq, last_seq, timer from turn where conversation = c.id order by version desc limit 1) t on true
left join lateral (
  select count(*) filter (where status = 'queued') as queued, count(*) filter (where status <> 'queued') as doubtful
  from (select status from outbox
    where shard = c.shard and conversation = c.id and status in ('queued', 'sending', 'uncertain') limit $2) u) o on true;
