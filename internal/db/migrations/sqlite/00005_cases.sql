-- +goose Up

-- Anything wrong, whoever found it, from registration to closing. The number is the year of registration and the id.
create table cases (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  uuid text not null, -- made by the device: registering twice changes nothing
  title text not null,
  words text not null, -- what was said or seen, in full
  source text not null, -- inspection, self_check, hotline, web, letter, expert, media, leader, meeting
  category text not null,
  severity text not null, -- ordinary, serious, urgent
  address text not null,
  district text not null,
  lat real,
  lon real,
  task_id integer, -- the task and duty of the plan that it offends
  duty_id integer,
  body_id integer, -- the group that answers for it
  found_by integer not null, -- account
  found_person integer not null,
  found_name text not null,
  found_at timestamp not null,
  registered_at timestamp not null,

  step text not null,
  hand text not null, -- whose clock runs: office, unit, verifier, coordinator, leader; '' when nobody's
  lead_unit_id integer not null, -- 0 until dispatched
  step_at timestamp not null, -- since when it stands there
  due_at timestamp, -- copied from the due of the step, for lists
  amber_at timestamp,
  dispatched_at timestamp,
  responded_at timestamp,
  responded_by integer not null,
  responded_person integer not null,
  closed_at timestamp,
  outcome text not null, -- fixed, fixed_for_now, cannot_be_fixed, gone
  merged_into integer,
  asking text not null, -- extension, while an answer is awaited
  asked_day text not null,
  round integer not null, -- of rectifying, from 1
  reworks integer not null,
  returns integer not null,
  extensions integer not null,
  reopened integer not null,
  escalated integer not null, -- 0, 1 the unit's head, 2 the group's leader, 3 the leading group
  revision integer not null,
  unique (campaign_id, id),
  unique (campaign_id, uuid),
  foreign key (campaign_id, task_id) references tasks (campaign_id, id),
  foreign key (campaign_id, duty_id) references duties (campaign_id, id),
  foreign key (campaign_id, body_id) references bodies (campaign_id, id)
);
-- Filters and desks have no indexes here: every instance keeps a sheet of the cases in memory (package cases, sheet.go).

-- Which units a case concerns: lead, support, former (had it before), finder.
create table case_units (
  campaign_id integer not null,
  unit_id integer not null references units (id),
  case_id integer not null,
  role text not null,
  primary key (campaign_id, case_id, role, unit_id),
  foreign key (campaign_id, case_id) references cases (campaign_id, id)
) without rowid;

-- How long a case stood at each step, in whose hand.
create table case_spans (
  id integer primary key autoincrement,
  campaign_id integer not null,
  case_id integer not null,
  step text not null,
  hand text not null,
  unit_id integer not null,
  from_at timestamp not null,
  to_at timestamp, -- null while it lasts
  foreign key (campaign_id, case_id) references cases (campaign_id, id)
);
create index case_spans_by_case on case_spans (campaign_id, case_id);

-- Who called: personal data of the public, apart, so that it can be erased.
create table case_callers (
  campaign_id integer not null,
  case_id integer not null,
  name text not null,
  phone text not null,
  primary key (campaign_id, case_id),
  foreign key (campaign_id, case_id) references cases (campaign_id, id)
);

-- How many cases stand where, in several rows a place so that writers do not wait for each other; unit_id 0 counts all.
create table case_counts (
  campaign_id integer not null,
  unit_id integer not null,
  step text not null,
  shard integer not null,
  n integer not null,
  primary key (campaign_id, unit_id, step, shard)
);

-- How long each step may take, where the campaign differs from the program's own rules. category '' is any.
create table case_limits (
  campaign_id integer not null references campaigns (id),
  category text not null,
  severity text not null,
  step text not null,
  n integer not null,
  measure text not null,
  primary key (campaign_id, category, severity, step)
);

-- For which categories the campaign asks for photographs, and how orders are numbered (category '').
create table case_rules (
  campaign_id integer not null references campaigns (id),
  category text not null,
  photos boolean not null,
  pattern text not null,
  primary key (campaign_id, category)
);

-- 督办单: the formal demand to a unit to put cases right by a day.
create table orders (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  uuid text not null,
  year integer not null,
  serial integer not null,
  number text not null,
  unit_id integer not null references units (id),
  requirement text not null,
  due_day text not null,
  signer text not null,
  issued_by integer not null,
  issued_name text not null,
  issued_at timestamp not null,
  open_cases integer not null,
  closed_at timestamp,
  unique (campaign_id, id),
  unique (campaign_id, uuid),
  unique (campaign_id, year, serial)
);
create index orders_by_unit on orders (campaign_id, unit_id, id);

create table order_cases (
  campaign_id integer not null,
  order_id integer not null,
  case_id integer not null,
  primary key (campaign_id, order_id, case_id),
  foreign key (campaign_id, order_id) references orders (campaign_id, id),
  foreign key (campaign_id, case_id) references cases (campaign_id, id)
);
create index order_cases_by_case on order_cases (campaign_id, case_id);

-- Most events are of cases, which not everybody may know of: what everybody may read of the ledger stands apart.
-- ledger.RecentExcept must say its kinds just so.
create index events_open_to_all on events (campaign_id, id) where subject_kind not in ('case', 'order');

-- The last order number of a year: taken in the transaction that issues, so that none is missing.
create table order_serials (
  campaign_id integer not null references campaigns (id),
  year integer not null,
  last integer not null,
  primary key (campaign_id, year)
);

-- +goose Down
drop index events_open_to_all;
drop table order_serials;
drop table order_cases;
drop table orders;
drop table case_rules;
drop table case_limits;
drop table case_counts;
drop table case_callers;
drop table case_spans;
drop table case_units;
drop table cases;
