-- parked_page(after, limit) -> ids of parked conversations, in key order.
select conversation from parked where conversation > $1 order by conversation limit $2;
