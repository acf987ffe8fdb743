-- open_period: a script, with {period}, {starts} and {ends} filled in. Rows of a strange clock that lie where the period will
-- be move into it first, or it could not be attached; the default partitions are locked already.
create table inbox_{period} (like inbox including all);
create table turn_{period} (like turn including all);
with stray as (delete from inbox_default where kept_at >= '{starts}' and kept_at < '{ends}' returning *)
insert into inbox_{period} select * from stray;
with stray as (delete from turn_default where kept_at >= '{starts}' and kept_at < '{ends}' returning *)
insert into turn_{period} select * from stray;
alter table inbox attach partition inbox_{period} for values from ('{starts}') to ('{ends}');
alter table turn attach partition turn_{period} for values from ('{starts}') to ('{ends}');
