-- +goose Up

-- What is asked of whom, period after period: taken from the plan, or added by the office.
create table report_obligations (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  plan_id integer not null, -- the plan's obligation; 0 for one added by hand
  what text not null,
  kind text not null, -- filing, meeting, other
  cadence text not null, -- monthly, quarterly, half_yearly, yearly
  first_period text not null,
  last_period text not null,
  added_at timestamp not null,
  unique (campaign_id, id)
);
create unique index report_obligations_plan on report_obligations (campaign_id, plan_id) where plan_id <> 0;

-- How it is asked, from a period on.
create table report_terms (
  id integer primary key autoincrement,
  campaign_id integer not null,
  obligation_id integer not null,
  from_period text not null,
  days integer not null, -- the working day after the period on which it is due
  receiver text not null,
  paused boolean not null,
  reason text not null,
  set_at timestamp not null,
  set_by integer not null, -- account
  set_name text not null,
  unique (campaign_id, id),
  unique (campaign_id, obligation_id, from_period),
  foreign key (campaign_id, obligation_id) references report_obligations (campaign_id, id)
);

-- Who is asked: a body or a unit.
create table reporters (
  id integer primary key autoincrement,
  campaign_id integer not null,
  obligation_id integer not null,
  position integer not null,
  name text not null, -- as the plan or the office calls it
  body_id integer not null, -- 0 for a unit
  unit_id integer not null, -- 0 for a body
  first_period text not null,
  last_period text not null, -- '' as long as the obligation lasts
  unique (campaign_id, id),
  foreign key (campaign_id, obligation_id) references report_obligations (campaign_id, id)
);

-- What one reporter owes for one period, and what became of it.
create table filings (
  id integer primary key autoincrement,
  campaign_id integer not null,
  obligation_id integer not null,
  reporter_id integer not null,
  period text not null,
  step text not null, -- owed, submitted, approved, returned, accepted; paused
  due_at timestamp not null, -- copied from its first due
  amber_at timestamp not null,
  submitted_at timestamp, -- last
  submitted_by text not null,
  approved_at timestamp, -- first: by this it is in time or late
  approved_by text not null,
  accepted_at timestamp,
  accepted_by text not null,
  returns integer not null, -- how often it was sent back
  revision integer not null,
  unique (campaign_id, id),
  unique (campaign_id, obligation_id, reporter_id, period),
  foreign key (campaign_id, reporter_id) references reporters (campaign_id, id)
);
create index filings_by_period on filings (campaign_id, period, id);

-- The parts of a filing: figures and texts. What the system knew stays beside what was reported.
create table filing_parts (
  campaign_id integer not null,
  filing_id integer not null,
  part text not null,
  known text not null, -- by the system, when it was written down
  known_at timestamp not null,
  value text not null, -- as reported
  reason text not null, -- why it differs, of a figure
  question text not null, -- why it was sent back
  primary key (campaign_id, filing_id, part),
  foreign key (campaign_id, filing_id) references filings (campaign_id, id)
);

-- +goose Down
drop table filing_parts;
drop table filings;
drop table reporters;
drop table report_terms;
drop table report_obligations;
