-- Effects that are not settled yet, whatever they ask for. $1: the statuses that are still open.
select count(*) from outbox where status = any($1::text[])
