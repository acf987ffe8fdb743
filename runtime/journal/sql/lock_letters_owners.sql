-- lock_letters_owners(dead letters bigint[]): locks their conversations in key order. A letter is replayed under that lock.
select c.id from conversation c where c.id in (select conversation from dead_letter where id = any($1::bigint[]))
order by c.id collate "C" for no key update;
