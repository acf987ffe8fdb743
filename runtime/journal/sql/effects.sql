-- effects(shards int[], conversations text[], limit) -> their unsettled effects, each conversation's in order, the first `limit`
-- of each lane: a queue may be long, and one lane must not hide the others.
select o.conversation, c.channel, o.version, o.ordinal, o.lane, o.payload
from unnest($1::int[], $2::text[]) as w(shard, conversation)
join conversation c on c.id = w.conversation
cross join (values ('send'), ('aside'), ('work')) as l(lane)
cross join lateral (
  select * from outbox
  where shard = w.shard and conversation = w.conversation and lane = l.lane and status in ('queued', 'sending', 'uncertain')
  order by version, ordinal limit $3) o
order by o.conversation, o.version, o.ordinal;
