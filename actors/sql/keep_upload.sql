-- $1 channel, $2 digest, $3 id of the provider's, $4 when it expires; of two uploads at once either may stay
insert into uploads (channel, digest, provider_id, expires_at) values ($1, $2, $3, $4)
on conflict (channel, digest) do update set provider_id = excluded.provider_id, expires_at = excluded.expires_at
