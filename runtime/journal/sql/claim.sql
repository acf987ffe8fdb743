-- claim(ids uuid[], conversations text[], epochs bigint[], pair intervals float8[], pair bursts int[], again boolean[],
--       uncertain_wait float8) -> (id, verdict, wait seconds, address, attempts)
-- verdict: claimed | wait | settled (done or failed meanwhile) | expired (it never left) | unsettled (it may have left, and is
-- not sent once more) | cancelled (the bot is paused, or was) | fenced. "claimed" marks the effect `sending` under this epoch, "expired" and "unsettled" put it under
-- this epoch, so that only this caller may record its end; "claimed" moves the person's pair clock (GCRA: the clock is when
-- the burst will be whole again), before any request leaves. `again`: what is `sending` under this epoch was claimed by an
-- earlier wish whose answer was lost, and never left. Work may be done twice, so it is never in doubt. A database clock that
-- jumped back makes nobody wait longer than a whole burst takes, or than the doubt lasts: what lies further ahead is drawn
-- in. Whoever locks both locks conversations first, then effects, each in key order. What was marked is asked for with `in`:
-- the planner makes a join with it quadratic.
with wanted as materialized (
  select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[], $5::int[], $6::boolean[])
    as t(id, conversation, epoch, pair_interval, pair_burst, again)
), locked as materialized (
  select c.id, c.epoch, c.address, c.pair_clock, c.paused_after, c.muted_to
  from conversation c where c.id = any($2::text[]) order by c.id collate "C" for no key update
), held as materialized (  -- counting makes sure that all conversations are locked before the first effect
  select o.* from outbox o where o.id = any($1::uuid[]) and (select count(*) from locked) > 0
  order by o.id for no key update
), known as materialized (
  select w.id, w.conversation, w.epoch, w.pair_interval, w.pair_burst, l.address, o.status, o.lane, o.claimed_at, l.pair_clock,
    o.maybe_duplicate, o.expires_at <= now() as late, l.epoch > w.epoch or o.epoch > w.epoch as fenced,
    o.status = 'queued' or o.lane = 'work' or (w.again and o.status = 'sending' and o.epoch = w.epoch) as certain,
    w.again and o.status = 'sending' as repeated,
    o.lane = 'send' and o.operator is null and (o.version <= l.muted_to or coalesce(o.version > l.paused_after, false)) as muted,
    extract(epoch from least(o.claimed_at, now()) + make_interval(secs => $7) - now())::float8 as doubt,
    least(greatest(l.pair_clock, now()), now() + make_interval(secs => w.pair_interval * w.pair_burst)) as clock
  from wanted w join locked l on l.id = w.conversation join held o on o.id = w.id
), waits as materialized (
  select *, case when certain then 0 else greatest(doubt, 0) end as settling,
    case when lane = 'send' and not (certain and repeated)
      then greatest(extract(epoch from clock - now())::float8 - pair_interval * (pair_burst - 1), 0) else 0 end as pair
  from known
), judged as materialized (
  select *, greatest(settling, pair) as wait,
    case when status in ('done', 'failed') then 'settled'
      when status = 'cancelled' then 'cancelled'
      when fenced then 'fenced'
      when muted and (settling <= 0 or status = 'uncertain') then 'cancelled'
      when settling > 0 then 'wait'
      when maybe_duplicate and (late or not certain) or late and not certain then 'unsettled'
      when late then 'expired'
      when pair > 0 then 'wait'
      else 'claimed' end as verdict
  from waits
), marked as (
  update outbox o
  set status = case j.verdict when 'claimed' then 'sending' when 'expired' then 'queued' when 'unsettled' then 'uncertain'
      when 'cancelled' then 'cancelled' else o.status end,
    epoch = case when j.verdict = 'wait' then o.epoch else j.epoch end,
    claimed_at = case when j.verdict = 'claimed' then now() else least(o.claimed_at, now()) end,
    attempts = o.attempts + (j.verdict = 'claimed' and not (j.certain and j.repeated))::int,
    maybe_duplicate = o.maybe_duplicate or (j.verdict = 'claimed' and not j.certain)
  from judged j
  where o.id = j.id and o.status = j.status
    and (j.verdict in ('claimed', 'expired', 'unsettled', 'cancelled') or (j.verdict = 'wait' and j.claimed_at > now()))
  returning o.id, o.attempts
), moved as (
  update conversation c
  set pair_clock = j.clock + make_interval(secs => case when j.verdict = 'claimed' then j.pair_interval else 0 end)
  from judged j
  where c.id = j.conversation and j.lane = 'send' and j.pair_interval > 0 and not (j.certain and j.repeated)
    and ((j.verdict = 'claimed' and j.id in (select id from marked)) or (j.verdict = 'wait' and j.pair_clock > j.clock))
)
select j.id, case when j.verdict = 'claimed' and m.id is null then 'wait' else j.verdict end as verdict,
  j.wait, j.address, coalesce(m.attempts, 0) as attempts
from judged j left join marked m using (id);
