-- standing(id) -> how a conversation stands: whether it is parked, where, and up to which event it is done.
select c.parked, c.done_seq, p.seq, p.timer from conversation c left join parked p on p.conversation = c.id where c.id = $1;
