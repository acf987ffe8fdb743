-- $1 tenant, $2 id, $3 outcome, $4 code, $5 tokens and $6 cost that it took (null: all that was reserved), $7 now
with ended as (
  select id, day, tokens, cost, coalesce($5::bigint, tokens) as took_tokens, coalesce($6::bigint, cost) as took_cost
  from model_calls where tenant_id = $1 and id = $2 and ended_at is null for update),
settled as (
  update model_calls c set ended_at = $7, outcome = $3, code = $4, tokens = e.took_tokens, cost = e.took_cost
  from ended e where c.tenant_id = $1 and c.id = e.id)
update model_days d set tokens = d.tokens - e.tokens + e.took_tokens, cost = d.cost - e.cost + e.took_cost
from ended e where d.tenant_id = $1 and d.day = e.day
