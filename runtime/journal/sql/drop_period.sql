-- drop_period: a script, with {period} filled in, after move_on.
drop table inbox_{period}, turn_{period};
delete from period where id = {period};
