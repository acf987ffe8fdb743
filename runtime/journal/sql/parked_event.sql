-- parked_event(conversation, seq) -> an event as it came.
select payload, received_at from inbox where conversation = $1 and seq = $2;
