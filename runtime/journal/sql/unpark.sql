-- unpark(ids text[]) -> (id, waiting) of those that were parked; the conversations are locked. The version moves, so that
-- whoever has read the row before reads it again: an attempt of before cannot count after.
with removed as (
  delete from parked where conversation = any($1::text[]) returning conversation, seq
), freed as (
  update conversation set parked = false, attempts = 0, attempts_since = null, version = version + 1
  where id = any($1::text[]) and parked
  returning id, next_seq, done_seq
)
select f.id, f.next_seq - 1 - coalesce(r.seq, f.done_seq) as waiting
from freed f left join removed r on r.conversation = f.id order by f.id;
