-- read(conversation, after seq, limit) -> its next events in order.
select seq, payload, received_at from inbox where conversation = $1 and seq > $2 order by seq limit $3;
