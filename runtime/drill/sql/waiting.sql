-- Events that are stored and not handled, in all conversations.
select coalesce(sum(next_seq - 1 - done_seq), 0)::bigint from conversation where done_seq < next_seq - 1
