-- $1 channel, $2 digest, $3 id of the provider's: one that was uploaded meanwhile stays
delete from uploads where channel = $1 and digest = $2 and provider_id = $3
