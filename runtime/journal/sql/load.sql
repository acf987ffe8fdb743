-- load(ids text[]) -> the rows of these conversations.
select id, shard, channel, version, done_seq, next_seq, epoch, state, attempts, attempts_since, parked
from conversation where id = any($1::text[]);
