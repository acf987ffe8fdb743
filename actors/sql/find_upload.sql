-- $1 channel, $2 digest, $3 now
select provider_id from uploads where channel = $1 and digest = $2 and expires_at > $3
