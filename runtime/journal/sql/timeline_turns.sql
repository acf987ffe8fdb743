-- timeline_turns(id, limit) -> the newest turns of a conversation.
select version, first_seq, last_seq, timer, at, replica, epoch, paused from turn where conversation = $1 order by version desc limit $2;
