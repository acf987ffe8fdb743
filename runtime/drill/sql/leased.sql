-- Shards that somebody holds.
select count(*) from shards where owner is not null and lease_until > clock_timestamp()
