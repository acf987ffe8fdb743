-- timeline_names(channel, id, limit) -> the names at the provider that lead to a conversation. By channel alone an index
-- helps: a channel of a million people is looked through once, in some tenths of a second.
select identity, at from alias where channel = $1 and conversation = $2 order by at, identity limit $3;
