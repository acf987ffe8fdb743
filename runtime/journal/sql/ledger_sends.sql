-- ledger_sends() -> every send of the outbox.
select id::text as effect, conversation, version, coalesce(provider_id, '') as provider_id, status, maybe_duplicate, lane, attempts,
  operator is not null as operator
from outbox where lane = 'send' order by conversation, version, ordinal;
