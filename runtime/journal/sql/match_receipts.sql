-- match_receipts(minutes int) -> (conversation, id) of sends that were in doubt and are settled by it.
-- A receipt and its send's answer that were stored at the same moment have not seen each other: neither statement saw the
-- other's row. So receipts kept lately are looked at once more.
with lately as materialized (
  select channel, provider_id, rank from receipt where at > now() - make_interval(mins => $1::int)
), found as materialized (
  select o.id, k.rank from lately k
  join outbox o on o.provider_id = k.provider_id
  join conversation c on c.id = o.conversation and c.channel = k.channel
  where o.receipt < k.rank or o.status in ('queued', 'sending', 'uncertain')
), held as materialized (
  select o.id, o.status from outbox o where o.id in (select id from found) order by o.id for no key update
), merged as (
  update outbox o
  set receipt = greatest(o.receipt, f.rank),
      status = case when o.status = 'failed' then o.status else 'done' end,
      code = case when o.status = 'failed' then o.code end
  from found f join held h using (id)
  where o.id = f.id
  returning o.conversation, o.id, h.status as before
)
select conversation, id from merged where before in ('sending', 'uncertain');
