-- claim(ids uuid[], conversations text[], epochs bigint[], pair intervals float8[], pair bursts int[], uncertain_wait float8)
--   -> (id, verdict, wait seconds, address, attempts)
-- verdict: claimed | wait | settled (done or failed meanwhile) | expired | fenced. "claimed" and "expired" mark the effect
-- `sending` under this epoch, so that only this caller may record its end; "claimed" moves the person's pair clock (GCRA: the
-- clock is when the burst will be whole again), before any request leaves. Whoever locks both locks conversations first, then
-- effects, each in key order.
with wanted as materialized (
  select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[], $5::int[])
    as t(id, conversation, epoch, pair_interval, pair_burst)
), locked as materialized (
  select c.id, c.epoch, c.address, greatest(c.pair_clock, now()) as pair_clock
  from conversation c where c.id = any($2::text[]) order by c.id collate "C" for no key update
), held as materialized (  -- counting makes sure that all conversations are locked before the first effect
  select o.* from outbox o where o.id = any($1::uuid[]) and (select count(*) from locked) > 0
  order by o.id for no key update
), judged as materialized (
  select w.id, w.conversation, w.epoch, w.pair_interval, l.address, o.status, o.lane,
    extract(epoch from o.claimed_at + make_interval(secs => $6) - now())::float8 as doubt,
    case when o.lane = 'send'
      then extract(epoch from l.pair_clock - now())::float8 - w.pair_interval * (w.pair_burst - 1) else 0 end as pair,
    case when o.status in ('done', 'failed') then 'settled'
      when l.epoch > w.epoch or o.epoch > w.epoch then 'fenced'
      when o.expires_at <= now() and (o.status = 'queued' or o.claimed_at + make_interval(secs => $6) <= now())
        then 'expired' end as final
  from wanted w join locked l on l.id = w.conversation join held o on o.id = w.id
), ready as materialized (
  select *, case when status = 'queued' then greatest(pair, 0) else greatest(doubt, pair, 0) end as wait from judged
), marked as (
  update outbox o
  set status = 'sending', epoch = r.epoch, claimed_at = now(), attempts = o.attempts + 1,
      maybe_duplicate = o.maybe_duplicate or (o.status <> 'queued' and r.final is null)
  from ready r
  where o.id = r.id and o.status = r.status and (r.final = 'expired' or (r.final is null and r.wait <= 0))
  returning o.id, o.attempts
), moved as (
  update conversation c set pair_clock = greatest(c.pair_clock, now()) + make_interval(secs => r.pair_interval)
  from ready r join marked m using (id) where c.id = r.conversation and r.lane = 'send' and r.pair_interval > 0 and r.final is null
)
select r.id, case when r.final is not null then r.final when m.id is not null then 'claimed' else 'wait' end as verdict,
  greatest(r.wait, 0.0) as wait, r.address, coalesce(m.attempts, 0) as attempts
from ready r left join marked m using (id);
