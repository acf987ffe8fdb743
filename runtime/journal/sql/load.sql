-- load(ids text[]) -> the rows of these conversations.
select id, shard, channel, version, done_seq, next_seq, epoch, state, attempts, attempts_since, parked,
  paused_after is not null as paused, operated
from conversation where id = any($1::text[]);
