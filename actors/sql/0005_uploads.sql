-- Additive: which of our files a provider has already, and until when; and what a picture is, without reading it.
-- A file is named by the sum of what it is made of, so it belongs to no tenant: two that show the same share an upload.

create table uploads (
  channel text collate "C" not null,
  digest text collate "C" not null,
  provider_id text not null,
  expires_at timestamptz not null,           -- when it is uploaded again: well before the provider deletes it
  primary key (channel, digest));
create index uploads_by_age on uploads (expires_at);

alter table property_pictures add column digest text generated always as (encode(sha256(content), 'hex')) stored;
