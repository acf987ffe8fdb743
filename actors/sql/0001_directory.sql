-- The bot's own tables. Tenants and channels mirror the settings of the replica that started or reloaded last: the file is
-- checked as a whole before it gets here (unique slugs, owners that exist), so nothing of that is checked again, and an
-- entry that left the file is disabled, never deleted: decisions and later data point to it. No secret is kept here.

create table tenants (
  id bigint primary key,
  slug text not null,
  name text not null,
  default_language text not null,
  timezone text not null,
  status text not null check (status in ('active', 'suspended', 'disabled')),
  created_at timestamptz not null default now());

create table channels (
  provider text not null,
  id text not null,                          -- the provider's own id, e.g. a phone_number_id
  tenant_id bigint references tenants(id),   -- null: one number shared by many tenants, deep links decide
  account text,                              -- the business account at the provider
  max_mps int not null,
  status text not null check (status in ('active', 'disabled')),
  created_at timestamptz not null default now(),
  primary key (provider, id));

-- Why a conversation went to a tenant. `cause` is the provider's id of the message that decided: a turn that runs again
-- writes the same row.
create table routing_decisions (
  conversation text collate "C" not null,
  cause text not null,
  tenant_id bigint not null references tenants(id),
  reason text not null check (reason in ('link')),
  at timestamptz not null,
  primary key (conversation, cause));
