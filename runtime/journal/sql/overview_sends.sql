-- overview_sends(channel or null, most, limit) -> ids of conversations with effects that are not settled, those in doubt first,
-- then the oldest; of the first `most` effects.
with first as materialized (
  select conversation, status, created_at from outbox where status in ('queued', 'sending', 'uncertain') limit $2
)
select s.conversation as id from first s join conversation c on c.id = s.conversation
where $1::text is null or c.channel = $1
group by s.conversation order by bool_or(s.status <> 'queued') desc, min(s.created_at), s.conversation limit $3;
