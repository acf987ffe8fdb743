-- merge_receipts(effects uuid[], channels text[], provider_ids text[], ranks int[]) -> (conversation, id) of sends that were
-- in doubt and are settled by it. An effect is null where the receipt echoes none: then the provider's id tells, and what is
-- not known by it yet is kept for the send's answer (record) or for another look (match_receipts). A receipt proves that the
-- provider has the send; a later one never gives way to an earlier. Locks effects in key order, then receipts in key order.
with incoming as materialized (
  select effect, channel, nullif(provider_id, '') as provider_id, rank
  from unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) as t(effect, channel, provider_id, rank)
), held as materialized (
  select o.id, o.conversation, o.status, o.provider_id from outbox o
  where o.id = any($1::uuid[]) or o.provider_id = any(array(select i.provider_id from incoming i where i.effect is null))
  order by o.id for no key update
), meant as materialized (
  select h.id, h.conversation, h.status, h.provider_id as known, i.channel, i.provider_id, i.rank
  from incoming i join held h on h.id = i.effect
  union all
  select h.id, h.conversation, h.status, h.provider_id, i.channel, i.provider_id, i.rank
  from incoming i join held h on h.provider_id = i.provider_id where i.effect is null
), best as materialized (
  select m.id, m.channel, m.status, m.known, max(m.provider_id) as provider_id, max(m.rank) as rank
  from meant m join conversation c on c.id = m.conversation and c.channel = m.channel
  group by m.id, m.channel, m.status, m.known
), merged as (
  update outbox o
  set receipt = greatest(o.receipt, b.rank, case when o.provider_id is null
        then (select k.rank from receipt k where k.channel = b.channel and k.provider_id = b.provider_id) end),
      status = case when o.status = 'failed' then o.status else 'done' end,
      code = case when o.status = 'failed' then o.code end,
      provider_id = coalesce(o.provider_id, b.provider_id)
  from best b
  where o.id = b.id and (o.receipt < b.rank or o.provider_id is null or o.status in ('queued', 'sending', 'uncertain'))
  returning o.conversation, o.id, b.status as before
), kept as (
  insert into receipt(channel, provider_id, rank)
  select i.channel, i.provider_id, max(i.rank) from incoming i
  where i.effect is null and i.provider_id is not null
    and (i.channel, i.provider_id) not in (select channel, known from best where known is not null)
  group by i.channel, i.provider_id order by i.channel collate "C", i.provider_id collate "C"
  on conflict (channel, provider_id) do update set rank = greatest(receipt.rank, excluded.rank), at = now()
)
select conversation, id from merged where before in ('sending', 'uncertain');
