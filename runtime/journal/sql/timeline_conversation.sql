-- timeline_conversation(id) -> the row of a conversation.
select id as conversation, channel, address, shard, epoch, version, next_seq, done_seq, pair_clock, attempts, attempts_since,
  parked, paused_since, paused_by, paused_why, paused_to, created_at, length(state) as state_bytes, state
from conversation where id = $1;
