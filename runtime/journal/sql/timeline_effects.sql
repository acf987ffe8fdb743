-- timeline_effects(id, limit) -> the newest effects of a conversation.
select version, ordinal, lane, status, attempts, maybe_duplicate, receipt, code, provider_id, created_at, claimed_at, expires_at,
  operator, payload
from outbox where conversation = $1 order by version desc, ordinal desc limit $2;
