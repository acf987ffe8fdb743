-- find_aliases(channels text[], identities text[]) -> (channel, identity, conversation) of those that are known.
select a.channel, a.identity, a.conversation
from unnest($1::text[], $2::text[]) as t(channel, identity)
join alias a on a.channel = t.channel collate "C" and a.identity = t.identity collate "C";
