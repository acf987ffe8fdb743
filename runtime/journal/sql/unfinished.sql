-- unfinished(at most) -> (parked, dead, stale): what waits for an operator. Of letters only the newest are looked at, so
-- that a look costs the same however many there are.
select (select count(*) from parked) as parked,
  (select count(*) from (select replayed_at from dead_letter where fate = 'dead' order by id desc limit $1) as d
    where d.replayed_at is null) as dead,
  (select count(*) from (select replayed_at from dead_letter where fate = 'stale' order by id desc limit $1) as s
    where s.replayed_at is null) as stale;
