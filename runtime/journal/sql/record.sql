-- record(ids uuid[], epochs bigint[], statuses text[], provider ids text[], codes text[], uncounted boolean[])
--   -> (id, conversation, channel, shard, status) of the effects that took the result.
-- A receipt that came first wins over "uncertain", also one that only knew the provider's id; a result of an older epoch is
-- dropped. What was cancelled stays so, unless it turns out to have left. What is done has no code: the one of an earlier try would speak of a failure. Counting locks all rows first, once (a
-- join with `held` is quadratic).
with held as materialized (
  select id from outbox where id = any($1::uuid[]) order by id for no key update
)
update outbox o
set status = case when o.status = 'done' or o.status = 'cancelled' and r.status <> 'done' then o.status else r.status end,
    provider_id = coalesce(nullif(r.provider_id, ''), o.provider_id),
    code = case when 'done' in (o.status, r.status) then null else coalesce(nullif(r.code, ''), o.code) end,
    attempts = o.attempts - r.uncounted::int,
    receipt = greatest(o.receipt, (select k.rank from receipt k where k.channel = c.channel and k.provider_id = r.provider_id))
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    as r(id, epoch, status, provider_id, code, uncounted),
  conversation c
where (select count(*) from held) > 0 and o.id = any($1::uuid[])
  and o.id = r.id and o.epoch = r.epoch and c.id = o.conversation and o.status <> 'failed'
returning o.id, o.conversation, c.channel, c.shard, o.status;
