-- Transactions that were prepared and never ended.
select count(*) from pg_prepared_xacts
