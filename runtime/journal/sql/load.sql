-- load(ids text[]) -> the rows of these conversations.
select id, shard, channel, version, done_seq, next_seq, epoch, state, attempts, attempts_since, parked,
  paused_after is not null as paused, operated,
  paused_after is not null and (paused_by <> 'bot' or paused_to is not null) as held
from conversation where id = any($1::text[]);
