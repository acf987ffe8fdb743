-- dead_letters_page(fate or null, after, up to, limit) -> ids of those that were not replayed, in order.
select id from dead_letter
where replayed_at is null and ($1::text is null or fate = $1) and id > $2 and id <= $3
order by id limit $4;
