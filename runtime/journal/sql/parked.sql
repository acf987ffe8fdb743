-- parked(id or null, limit) -> parked conversations, the longest first; `waiting` counts the events behind the one it stopped at.
select p.conversation, c.channel, p.since, p.attempts, c.next_seq - 1 - coalesce(p.seq, c.done_seq) as waiting,
  p.fault, p.origin, p.seq, p.timer
from parked p join conversation c on c.id = p.conversation
where c.parked and ($1::text is null or p.conversation = $1)
order by p.since, p.conversation limit $2;
