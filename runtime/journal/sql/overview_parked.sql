-- overview_parked(channel or null, limit) -> ids of parked conversations, the longest first.
select p.conversation as id from parked p join conversation c on c.id = p.conversation
where c.parked and ($1::text is null or c.channel = $1) order by p.since, p.conversation limit $2;
