-- dead_letters_named(ids bigint[]) -> those that exist, without payloads.
select id, conversation, channel, fate, reason, seq, timer, received_at, at, replayed_at
from dead_letter where id = any($1::bigint[]) order by id;
