-- record(ids uuid[], epochs bigint[], statuses text[], provider ids text[], codes text[])
--   -> (id, conversation, channel, shard, status) of the effects that took the result.
-- A receipt that came first wins over "uncertain"; a result of an older epoch is dropped.
with held as materialized (
  select id from outbox where id = any($1::uuid[]) order by id for no key update
)
update outbox o
set status = case when o.status = 'done' then 'done' else r.status end,
    provider_id = coalesce(nullif(r.provider_id, ''), o.provider_id),
    code = coalesce(nullif(r.code, ''), o.code)
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as r(id, epoch, status, provider_id, code),
  held h, conversation c
where o.id = r.id and h.id = o.id and o.epoch = r.epoch and c.id = o.conversation and o.status in ('queued', 'sending', 'uncertain', 'done')
returning o.id, o.conversation, c.channel, c.shard, o.status;
