-- assign(conversation, to) -> the conversation if it is paused. The first one to whom it goes takes a version, so that a turn
-- which began before, and might say something still, is fenced.
update conversation set paused_to = $2, version = version + (paused_to is null)::int
where id = $1 and paused_after is not null returning id;
