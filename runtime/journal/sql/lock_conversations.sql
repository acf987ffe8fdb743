-- lock_conversations(ids text[]) -> those that exist, locked in key order until the transaction ends.
select id from conversation where id = any($1::text[]) order by id collate "C" for no key update;
