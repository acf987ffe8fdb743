-- timeline_events(id, limit) -> the newest events of a conversation.
select seq, received_at, stale_at, dedup, payload from inbox where conversation = $1 order by seq desc limit $2;
