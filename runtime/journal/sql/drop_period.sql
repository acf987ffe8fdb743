-- drop_period: a script, with {period} filled in, after move_on. It locks turn before inbox, as commit does: the other way round
-- a commit that comes while this waits for a reader of inbox would hold what is wanted next.
drop table turn_{period}, inbox_{period};
delete from period where id = {period};
