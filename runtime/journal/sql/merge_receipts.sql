-- merge_receipts(effects uuid[], channels text[], provider_ids text[], ranks int[]) -> (conversation, id) of sends that were
-- in doubt and are settled by it. A receipt proves that the provider has the send; a later one never gives way to an earlier.
with incoming as materialized (
  select effect, channel, max(provider_id) as provider_id, max(rank) as rank
  from unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) as t(effect, channel, provider_id, rank)
  group by effect, channel
), held as materialized (
  select o.id, o.status from outbox o where o.id = any($1::uuid[]) order by o.id for no key update
), merged as (
  update outbox o
  set receipt = greatest(o.receipt, i.rank),
      status = case when o.status = 'failed' then o.status else 'done' end,
      provider_id = coalesce(o.provider_id, nullif(i.provider_id, ''))
  from incoming i, held h, conversation c
  where o.id = i.effect and h.id = o.id and c.id = o.conversation and c.channel = i.channel
    and (o.receipt < i.rank or o.status in ('sending', 'uncertain'))
  returning o.conversation, o.id, h.status as before
)
select conversation, id from merged where before in ('sending', 'uncertain');
