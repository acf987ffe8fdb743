-- assign(conversation, to) -> the conversation if it is paused.
update conversation set paused_to = $2 where id = $1 and paused_after is not null returning id;
