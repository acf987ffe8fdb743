-- $1 conversations -> (conversation, slug) of those that have a tenant now: that of their own number, else the one that a link
-- named last.
select c.id as conversation, t.slug
from unnest($1::text[]) as given(id)
join conversation c on c.id = given.id
left join channels n on n.provider = split_part(c.channel, ':', 1) and n.id = substr(c.channel, strpos(c.channel, ':') + 1)
left join lateral (
  select tenant_id from routing_decisions where conversation = c.id order by at desc, cause desc limit 1) r on n.tenant_id is null
join tenants t on t.id = coalesce(n.tenant_id, r.tenant_id)
