-- in_flight(shard, conversation) -> how many sends of its bot are on their way.
select count(*) from outbox
where shard = $1 and conversation = $2 and lane = 'send' and operator is null and status = 'sending';
