-- lock_owners(effects uuid[]): locks the conversations of these effects in key order, before the effects themselves are:
-- what the actor hears of them becomes an event of its conversation in the same transaction.
select c.id from conversation c where c.id in (select conversation from outbox where id = any($1::uuid[]))
order by c.id collate "C" for no key update;
