-- overview_channel(channel, limit) -> ids of conversations of a channel, by way of the names of its people.
select distinct conversation as id from (
  select conversation from alias where channel = $1 order by identity limit $2) a
order by 1;
