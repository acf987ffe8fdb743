-- Additive: what an agency works with. Every table here but `locations` belongs to tenants, row by row, and says so in
-- `tenant_id`; row-level security holds each transaction of `actors.agency` to one tenant. A row that points to another one
-- points to (tenant_id, id): foreign keys look past row-level security, so they carry the tenant themselves.
-- Money is whole dirhams, a year's rent for rent. Weekdays are ISO: 1 = Monday.

create table locations (                     -- mirrors actors/agency/places.toml; the same for all tenants
  key text primary key,
  names jsonb not null,                      -- by language
  neighbours text[] not null);

create table operators (                     -- people of the agency: they show properties, and take conversations over
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  name text not null,
  phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  language text not null default 'en',
  handoff_order int,                         -- who is asked first to take a conversation over; null: never asked
  active boolean not null default true,
  created_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (tenant_id, name));

create table properties (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  reference text not null,                   -- the agency's own name of it
  title jsonb not null,                      -- by language; at least one
  deal text not null check (deal in ('buy', 'rent')),
  category text not null check (category in ('residential', 'commercial')),
  kind text not null,
  place text not null references locations(key),
  price bigint not null check (price > 0),
  bedrooms int check (bedrooms between 0 and 50),      -- 0: a studio; null: it has none to count
  bathrooms int check (bathrooms between 0 and 50),
  area_sqm int check (area_sqm > 0),
  features text[] not null default '{}',
  status text not null default 'available' check (status in ('available', 'reserved', 'gone', 'hidden')),
  permit_number text,
  permit_expires date,                       -- the last day on which it is valid
  yield_bp int check (yield_bp between 0 and 10000),   -- gross, a year, in hundredths of a percent; null: not stated
  visa_years int check (visa_years between 1 and 99),  -- the residency visa that its buyer may apply for; null: not stated
  updated_at timestamptz not null default now(),
  check ((permit_number is null) = (permit_expires is null)),
  unique (tenant_id, id),
  unique (tenant_id, reference));
create index properties_on_offer on properties (tenant_id, deal, price) where status = 'available';
create index properties_by_place on properties (tenant_id, deal, place, price) where status = 'available';

create table property_pictures (             -- what WhatsApp takes as a picture: JPEG or PNG of at most 5 MB
  tenant_id bigint not null,
  property_id bigint not null,
  position int not null check (position >= 1),
  mime text not null check (mime in ('image/jpeg', 'image/png')),
  content bytea not null check (octet_length(content) between 1 and 5242880),
  primary key (property_id, position),
  foreign key (tenant_id, property_id) references properties (tenant_id, id) on delete cascade);

create table leads (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  contact text collate "C" not null,         -- the opaque key of a person; the conversation's id where nothing better is known
  conversation text collate "C" not null,    -- where the person is reached
  stage text not null default 'new' check (stage in ('new', 'engaged', 'qualified', 'viewing', 'won', 'lost')),
  score int not null default 0 check (score between 0 and 100),
  name text, phone text, email text, language text,
  wish jsonb not null default '{}',          -- a Wish of actors/agency/terms.py
  source text, source_ref text,              -- a route, an advertisement, a campaign
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, contact));
create index leads_by_score on leads (tenant_id, score desc, updated_at desc, id desc);

create table lead_events (                   -- score and stage are folds over these
  id bigint generated always as identity primary key,
  tenant_id bigint not null,
  lead_id bigint not null,
  kind text not null,
  cause text not null,                       -- what brought it: a message, a timer, an operator's request
  data jsonb not null default '{}',
  at timestamptz not null,
  unique (lead_id, cause, kind),             -- the same cause counts once
  foreign key (tenant_id, lead_id) references leads (tenant_id, id) on delete cascade);

create table shown_listings (
  tenant_id bigint not null,
  lead_id bigint not null,
  property_id bigint not null,
  shown_at timestamptz not null,
  primary key (lead_id, property_id),
  foreign key (tenant_id, lead_id) references leads (tenant_id, id) on delete cascade,
  foreign key (tenant_id, property_id) references properties (tenant_id, id) on delete cascade);

create table availability_rules (            -- when an operator shows properties, in the tenant's time zone
  id bigint generated always as identity primary key,
  tenant_id bigint not null,
  operator_id bigint not null,
  weekday int not null check (weekday between 1 and 7),
  starts time not null,
  ends time not null,
  check (starts < ends),
  unique (operator_id, weekday, starts),
  foreign key (tenant_id, operator_id) references operators (tenant_id, id) on delete cascade);
create index availability_rules_of_tenant on availability_rules (tenant_id);

create table closures (                      -- days on which an operator, or (null) nobody, shows anything
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  operator_id bigint,
  first_day date not null,
  last_day date not null,
  check (first_day <= last_day),
  foreign key (tenant_id, operator_id) references operators (tenant_id, id) on delete cascade);
create index closures_of_tenant on closures (tenant_id, last_day);

create table appointments (
  id bigint generated always as identity primary key,
  tenant_id bigint not null,
  operator_id bigint not null,
  lead_id bigint not null,
  property_id bigint,
  during tstzrange not null check (not isempty(during) and not lower_inf(during) and not upper_inf(during)),
  status text not null default 'booked' check (status in ('booked', 'confirmed', 'cancelled', 'done', 'no_show')),
  cause text not null,
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, operator_id) references operators (tenant_id, id),
  foreign key (tenant_id, lead_id) references leads (tenant_id, id) on delete cascade,
  foreign key (tenant_id, property_id) references properties (tenant_id, id),
  -- Nobody is in two places. The operator stands as a range of one, so that no extension is needed for it.
  constraint nobody_is_booked_twice exclude using gist (int8range(operator_id, operator_id, '[]') with &&, during with &&)
    where (status in ('booked', 'confirmed')));
create index appointments_ahead on appointments (tenant_id, upper(during)) where status in ('booked', 'confirmed');
create index appointments_of_lead on appointments (lead_id);

create table tenant_counters (               -- numbers that people read: gapless, from 1, for each tenant
  tenant_id bigint not null references tenants(id),
  name text not null,
  last bigint not null,
  primary key (tenant_id, name));

create table support_requests (
  id bigint generated always as identity primary key,
  tenant_id bigint not null,
  number bigint not null,
  lead_id bigint not null,
  topic text not null,
  words text not null,                       -- what the person wrote
  status text not null default 'open' check (status in ('open', 'in_work', 'solved')),
  cause text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, number),
  unique (lead_id, cause),
  foreign key (tenant_id, lead_id) references leads (tenant_id, id) on delete cascade);

create table expo_events (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  key text not null,
  title jsonb not null,                      -- by language, as are the facts
  venue text not null,
  stand text,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  facts jsonb not null default '{}',
  check (starts_at < ends_at),
  unique (tenant_id, id),
  unique (tenant_id, key));

create table expo_meetings (
  id bigint generated always as identity primary key,
  tenant_id bigint not null,
  event_id bigint not null,
  lead_id bigint not null,
  words text not null default '',            -- what is to be talked about
  status text not null default 'asked' check (status in ('asked', 'confirmed', 'cancelled')),
  created_at timestamptz not null,
  unique (event_id, lead_id),
  foreign key (tenant_id, event_id) references expo_events (tenant_id, id) on delete cascade,
  foreign key (tenant_id, lead_id) references leads (tenant_id, id) on delete cascade);

create table tenant_routes (                 -- an opaque code of a link that leads to a tenant and a vertical
  code text collate "C" primary key,
  tenant_id bigint not null references tenants(id),
  vertical text not null check (vertical in ('menu', 'realty', 'expo', 'support')),
  campaign text,
  language text,
  active boolean not null default true,
  expires_at timestamptz,
  created_at timestamptz not null);
create index tenant_routes_of_tenant on tenant_routes (tenant_id);

create table audit_log (                     -- who changed what, outside of a conversation
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenants(id),
  who text not null,
  action text not null,
  object text not null,
  details jsonb not null default '{}',
  at timestamptz not null default now());
create index audit_log_of_tenant on audit_log (tenant_id, id);

-- An unset variable is null or, after a transaction that had set it, empty: both see nothing.
do $$
declare name text;
begin
  foreach name in array array['operators', 'properties', 'property_pictures', 'leads', 'lead_events', 'shown_listings',
    'availability_rules', 'closures', 'appointments', 'tenant_counters', 'support_requests', 'expo_events', 'expo_meetings',
    'tenant_routes', 'audit_log']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy one_tenant on %I using (tenant_id = nullif(current_setting(''majlis.tenant'', true), '''')::bigint)', name);
  end loop;
end $$;
