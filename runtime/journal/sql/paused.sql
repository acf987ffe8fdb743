-- paused(ids text[] or null, limit) -> conversations whose bot is paused, the longest first; `waiting` counts events that no
-- turn has handled.
select c.id as conversation, c.channel, c.paused_since as since, c.paused_by as by, coalesce(c.paused_why, '') as why,
  coalesce(c.paused_to, '') as assigned, c.next_seq - 1 - c.done_seq as waiting
from conversation c
where c.paused_after is not null and ($1::text[] is null or c.id = any($1::text[]))
order by c.paused_since, c.id limit $2;
