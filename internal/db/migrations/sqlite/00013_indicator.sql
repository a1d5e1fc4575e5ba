-- +goose Up

-- Where figures are gathered: the whole city, and its districts as the roster or the office names them.
create table indicator_places (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  position integer not null,
  whole boolean not null, -- the city itself; one a campaign
  name text not null,
  code text not null, -- orgUnit of others' systems
  unit_id integer not null, -- who reports for it where places report themselves; 0 for nobody
  gone_on text not null,
  unique (campaign_id, id)
);
create unique index indicator_places_whole on indicator_places (campaign_id) where whole;
create unique index indicator_places_name on indicator_places (campaign_id, name);

-- What is measured: taken from the plan, or added by the office.
create table tracked_indicators (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  plan_id integer not null, -- the plan's indicator; 0 for one added by hand
  code text not null,
  name text not null,
  definition text not null,
  unit text not null, -- of measurement
  numerator text not null, -- what is counted above the line; '' for a plain figure
  denominator text not null,
  direction text not null, -- at_least, at_most, up, down, zero, class
  classes text not null, -- of a class, the best first, each on a line
  cadence text not null, -- monthly, quarterly, half_yearly, yearly
  first_period text not null, -- from which on figures are owed
  last_period text not null, -- '' as long as the campaign lasts
  by_place boolean not null,
  places_report boolean not null, -- each district's own unit reports
  summed boolean not null, -- the city's figure is made of its districts'
  unit_id integer not null, -- who answers for it; 0 where it is known by name only
  unit_name text not null,
  source text not null,
  lowest double precision, -- beyond these a figure is refused
  highest double precision,
  low double precision, -- beyond these it is asked about
  high double precision,
  jump double precision not null, -- percent of change from period to period that is asked about; 0 for never
  added_at timestamp not null,
  added_name text not null,
  revision integer not null,
  unique (campaign_id, id)
);
create unique index tracked_indicators_plan on tracked_indicators (campaign_id, plan_id) where plan_id <> 0;
create unique index tracked_indicators_code on tracked_indicators (campaign_id, code);

-- What a figure should be, by year and by place.
create table indicator_targets (
  campaign_id integer not null,
  indicator_id integer not null,
  place_id integer not null,
  year integer not null, -- 0 for the acceptance
  value double precision not null,
  set_at timestamp not null,
  set_name text not null,
  primary key (campaign_id, indicator_id, place_id, year),
  foreign key (campaign_id, indicator_id) references tracked_indicators (campaign_id, id)
);

-- One figure of a period, as it stands.
create table readings ( -- no foreign key: a file brings 240,000 at once, indicators are never deleted, and Enter finds each first
  id integer primary key autoincrement,
  campaign_id integer not null,
  indicator_id integer not null,
  place_id integer not null,
  period text not null,
  step text not null, -- draft, submitted, approved, returned
  numerator double precision,
  denominator double precision,
  value double precision not null,
  counts double precision, -- the approved figure; while another waits, the old
  counts_above double precision, -- of a ratio, what it is made of
  counts_below double precision,
  warning text not null, -- what the rules asked
  reason text not null, -- why it is right all the same, or why it was changed
  source text not null, -- '' by hand, or the file
  given_at timestamp not null,
  given_by integer not null, -- account
  given_name text not null,
  first_at timestamp, -- first handed in: by this it is in time or late
  decided_at timestamp,
  decided_by integer not null,
  decided_name text not null,
  question text not null, -- why it was sent back
  version integer not null,
  unique (campaign_id, id)
);
create unique index readings_where on readings (campaign_id, indicator_id, place_id, period);

-- What a figure was before it was written anew.
create table reading_versions (
  campaign_id integer not null,
  reading_id integer not null,
  version integer not null,
  step text not null, -- where it stood when it was replaced
  numerator double precision,
  denominator double precision,
  value double precision not null,
  warning text not null,
  reason text not null,
  source text not null,
  given_at timestamp not null,
  given_by integer not null,
  given_name text not null,
  decided_at timestamp,
  decided_by integer not null,
  decided_name text not null,
  question text not null,
  primary key (campaign_id, reading_id, version),
  foreign key (campaign_id, reading_id) references readings (campaign_id, id)
);

-- What the list shows of an indicator, kept as figures come: its latest periods and what waits.
create table indicator_outlines (
  campaign_id integer not null,
  indicator_id integer not null,
  waiting integer not null,
  returned integer not null,
  points text not null, -- JSON
  primary key (campaign_id, indicator_id),
  foreign key (campaign_id, indicator_id) references tracked_indicators (campaign_id, id)
);

-- What must not happen at all: behind the indicators of zero events.
create table incidents (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  indicator_id integer not null,
  place_id integer not null,
  happened_on text not null,
  grade text not null,
  title text not null,
  account text not null, -- what happened
  measures text not null, -- what was done
  recorded_at timestamp not null,
  recorded_name text not null,
  withdrawn_at timestamp,
  withdrawn_name text not null,
  withdrawn_why text not null,
  unique (campaign_id, id),
  foreign key (campaign_id, indicator_id) references tracked_indicators (campaign_id, id)
);
create index incidents_by_day on incidents (campaign_id, happened_on, id);

-- +goose Down
drop table incidents;
drop table indicator_outlines;
drop table reading_versions;
drop table readings;
drop table indicator_targets;
drop table tracked_indicators;
drop table indicator_places;
