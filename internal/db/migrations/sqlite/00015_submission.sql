-- +goose Up

-- The forms of a campaign, by the name that their workbooks and clients know them by.
create table forms (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  key text not null, -- form_id
  title text not null, -- of the current version
  version_id integer not null, -- the current one
  made_at timestamp not null,
  unique (campaign_id, id),
  unique (campaign_id, key)
);

-- What a form asks. A version that somebody has filled in is never written over.
create table form_versions (
  id integer primary key autoincrement,
  campaign_id integer not null,
  form_id integer not null,
  version text not null,
  title text not null,
  definition text not null, -- JSON
  mark text not null, -- md5: of its XForm, as a form list tells it
  file_name text not null,
  sha256 text not null, -- of the workbook
  workbook blob not null, -- as it was sent
  sent_at timestamp not null,
  sent_by integer not null, -- account
  sent_name text not null,
  copies integer not null, -- that no later one corrects
  unique (campaign_id, id),
  unique (campaign_id, form_id, version),
  foreign key (campaign_id, form_id) references forms (campaign_id, id)
);

-- Filled-in copies.
create table submissions (
  id integer primary key autoincrement,
  campaign_id integer not null,
  form_id integer not null,
  version_id integer not null,
  instance_id text not null, -- uuid:…, made where it was filled in
  sha256 text not null, -- of the instance
  instance text not null, -- XML, as it was sent
  answers text not null, -- JSON
  files text not null, -- JSON: the names of the pictures that it speaks of
  name text not null, -- by the form's instance_name
  faults integer not null, -- what does not hold, by the form
  replaced_by integer not null, -- the copy that corrects it; 0 for none
  account_id integer not null,
  unit_id integer not null, -- 0 for none
  by_name text not null,
  received_at timestamp not null,
  unique (campaign_id, id),
  unique (campaign_id, instance_id),
  foreign key (campaign_id, form_id) references forms (campaign_id, id),
  foreign key (campaign_id, version_id) references form_versions (campaign_id, id)
);
create index submissions_of_form on submissions (campaign_id, form_id, id);
create index submissions_of_account on submissions (campaign_id, form_id, account_id, id);
create index submissions_of_version on submissions (campaign_id, version_id);

-- The pictures of a copy that have come.
create table submission_files (
  campaign_id integer not null,
  submission_id integer not null,
  name text not null,
  evidence_id integer not null,
  primary key (campaign_id, submission_id, name),
  foreign key (campaign_id, submission_id) references submissions (campaign_id, id)
);

-- +goose Down
drop table submission_files;
drop table submissions;
drop table form_versions;
drop table forms;
