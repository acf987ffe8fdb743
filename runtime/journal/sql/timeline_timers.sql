-- timeline_timers(id, limit) -> the timers of a conversation, the next due first.
select name, generation, due_at from timer where conversation = $1 order by due_at, name limit $2;
