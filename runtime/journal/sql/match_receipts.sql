-- match_receipts(minutes int) -> (conversation, id) of sends that were in doubt and are settled by it.
-- A receipt and its send's answer that were stored at the same moment have not seen each other: neither statement saw the
-- other's row. So receipts kept lately are looked at once more, each with one look into the index: that is why the id takes the
-- collation of the index, and why of `offset 0` (else the planner may pair all receipts with all conversations of a channel).
with lately as materialized (
  select channel, provider_id collate "default" as provider_id, rank from receipt where at > now() - make_interval(mins => $1::int)
), found as materialized (
  select o.id, k.rank from lately k cross join lateral (select * from outbox where provider_id = k.provider_id offset 0) o
  cross join lateral (select channel from conversation where id = o.conversation offset 0) c
  where c.channel = k.channel and (o.receipt < k.rank or o.status in ('queued', 'sending', 'uncertain'))
), held as materialized (
  select o.id, o.status, f.rank from found f join outbox o using (id) order by o.id for no key update of o
), merged as (
  update outbox o
  set receipt = greatest(o.receipt, h.rank),
      status = case when o.status = 'failed' then o.status else 'done' end,
      code = case when o.status = 'failed' then o.code end
  from held h
  where o.id = h.id
  returning o.conversation, o.id, h.status as before
)
select conversation, id from merged where before in ('sending', 'uncertain');
