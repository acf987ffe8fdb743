-- effects(conversations text[]) -> their unsettled effects, each conversation's in order.
select o.conversation, c.channel, o.version, o.ordinal, o.lane, o.payload
from outbox o join conversation c on c.id = o.conversation
where o.conversation = any($1::text[]) and o.status in ('queued', 'sending', 'uncertain')
order by o.conversation, o.version, o.ordinal;
