-- overview_paused(channel or null, limit) -> ids of conversations whose bot is paused, the longest first.
select id from conversation
where paused_after is not null and ($1::text is null or channel = $1) order by paused_since, id limit $2;
