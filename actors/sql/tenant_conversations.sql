-- $1 slug (null: any), $2 after, $3 limit -> ids of conversations of a tenant, in key order; as conversation_owners tells it.
select c.id
from conversation c
left join channels n on n.provider = split_part(c.channel, ':', 1) and n.id = substr(c.channel, strpos(c.channel, ':') + 1)
left join lateral (
  select tenant_id from routing_decisions where conversation = c.id order by at desc, cause desc limit 1) r on n.tenant_id is null
join tenants t on t.id = coalesce(n.tenant_id, r.tenant_id)
where c.id > $2 and ($1::text is null or t.slug = $1)
order by c.id limit $3
