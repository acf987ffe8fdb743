-- load(ids text[]) -> the rows of these conversations.
select id, shard, channel, version, done_seq, next_seq, epoch, state from conversation where id = any($1::text[]);
