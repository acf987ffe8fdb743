-- overview_page(after, limit) -> ids of all conversations, in key order.
select id from conversation where id > $1 order by id limit $2;
