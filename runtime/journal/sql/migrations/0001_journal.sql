-- The durable half of the runtime. What is not obvious from the columns:
--   * Keys are collate "C": the order in which Python sorts is the order in which statements lock.
--   * Payloads and states are bytea: as jsonb one \u0000 or lone surrogate would fail its whole batch.
--   * inbox is append-only; "handled" is the cursor done_seq in the conversation's row.
--   * A turn row exists exactly once per committed turn: it makes "handled once" visible.

create table installation(
  one boolean primary key default true check (one),
  salt bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
  created_at timestamptz not null default now());
insert into installation default values;

create table conversation(
  id text collate "C" primary key,
  shard int not null,
  channel text not null,
  address text not null,
  epoch bigint not null default 0,
  version bigint not null default 0,
  next_seq bigint not null default 1,
  done_seq bigint not null default 0,
  pair_clock timestamptz,
  state bytea not null default ''::bytea,
  created_at timestamptz not null default now()
) with (fillfactor = 70);
create index conversation_backlog on conversation(shard) where done_seq < next_seq - 1;

create table alias(
  channel text collate "C" not null,
  identity text collate "C" not null,
  conversation text collate "C" not null,
  at timestamptz not null default now(),
  primary key (channel, identity));
create table alias_conflict(
  channel text not null, identity text not null, conversation text not null, chosen text not null,
  at timestamptz not null default now(),
  primary key (channel, identity, chosen));

create table seen(
  dedup text collate "C" primary key,
  at timestamptz not null default now());

create table inbox(
  conversation text collate "C" not null,
  seq bigint not null,
  dedup text not null,
  payload bytea not null,
  received_at timestamptz not null default now(),
  primary key (conversation, seq));

create table turn(
  conversation text collate "C" not null,
  version bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  now timestamptz not null,
  epoch bigint not null,
  replica text not null,
  at timestamptz not null default now(),
  primary key (conversation, version));

-- status: queued -> sending -> done | failed | uncertain; an uncertain or stranded sending one may be sent once more.
create table outbox(
  conversation text collate "C" not null,
  version bigint not null,
  ordinal int not null,
  id uuid not null,
  shard int not null,
  lane text not null check (lane in ('send', 'aside')),
  payload bytea not null,
  status text not null default 'queued' check (status in ('queued', 'sending', 'uncertain', 'done', 'failed')),
  attempts int not null default 0,
  maybe_duplicate boolean not null default false,
  epoch bigint not null default 0,
  claimed_at timestamptz,
  expires_at timestamptz not null,
  provider_id text,
  receipt smallint not null default 0,
  code text,
  created_at timestamptz not null default now(),
  primary key (conversation, version, ordinal));
create unique index outbox_id on outbox(id);
create index outbox_pending on outbox(shard) where status in ('queued', 'sending', 'uncertain');

create table shards(
  id int primary key,
  owner text,
  epoch bigint not null default 0,
  lease_until timestamptz not null default '-infinity');
insert into shards(id) select generate_series(0, 127);
