-- dead_letters(fate or null, conversation or null, limit) -> without payloads, the newest first.
select id, conversation, channel, fate, reason, seq, timer, received_at, at, replayed_at
from dead_letter
where ($1::text is null or fate = $1) and ($2::text is null or conversation = $2)
order by id desc limit $3;
