-- $1 now; a few at a time
delete from uploads where (channel, digest) in (select channel, digest from uploads where expires_at <= $1 limit 1000)
