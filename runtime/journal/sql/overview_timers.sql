-- overview_timers(channel or null, limit) -> ids of conversations whose timers are due, the longest first.
select t.conversation as id from generate_series(0, 127) as s(shard)
cross join lateral (
  select conversation, due_at from timer where shard = s.shard and due_at <= now() order by due_at limit $2) t
join conversation c on c.id = t.conversation
where $1::text is null or c.channel = $1
group by t.conversation order by min(t.due_at), t.conversation limit $2;
