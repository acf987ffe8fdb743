-- move_on(starts, ends in seconds since 1970): events of a period that nobody has handled go into the period of the day.
-- Without locks against commits: one that is handled meanwhile is only kept for longer.
with behind as materialized (
  select id, done_seq from conversation where done_seq < next_seq - 1
)
update inbox i set kept_at = now() from behind b
where i.conversation = b.id and i.seq > b.done_seq and i.kept_at >= to_timestamp($1) and i.kept_at < to_timestamp($2);
