-- +goose Up

-- Years whose table was entered here: they stand in place of the one the program brings. The highest version is the
-- calendar's; open dues of an older one are computed again.
create table calendar_years (
  year integer primary key,
  version integer not null,
  source text not null, -- the notice it was taken from
  changed_by text not null,
  changed_at timestamp not null
);

-- Their days that are not as the week has them: holidays, and weekends that are worked (调休).
create table calendar_days (
  day text primary key,
  year integer not null references calendar_years (year),
  worked boolean not null,
  name text not null
) without rowid;

-- Whatever has an instant by which it is owed.
create table dues (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  subject_kind text not null,
  subject_id integer not null,
  step text not null, -- what is owed: acknowledge, rectify, verify
  hand text not null, -- whose clock it is: office, unit, verifier, coordinator, leader
  unit_id integer not null, -- 0 where the hand is no unit
  reckoning text not null, -- JSON: from when, which parts
  started_at timestamp not null,
  amber_at timestamp not null,
  due_at timestamp not null,
  met_at timestamp,
  dropped_at timestamp,
  mark integer not null, -- the next reminder or escalation
  mark_at timestamp, -- and when; null when there is none
  version integer not null -- of the calendar it was computed by
);
create index dues_of_subject on dues (campaign_id, subject_kind, subject_id);
create index dues_marks on dues (mark_at) where mark_at is not null;
create index dues_versions on dues (version) where met_at is null and dropped_at is null;

-- +goose Down
drop table dues;
drop table calendar_days;
drop table calendar_years;
