-- +goose Up

-- Rooms: roster owns units, people, bodies, appointments, duties.
CREATE TABLE units (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    place TEXT NOT NULL, -- whose 市卫健委: 临汾市
    name  TEXT NOT NULL,
    UNIQUE (place, name)
);

CREATE TABLE people (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    place   TEXT NOT NULL,
    name    TEXT NOT NULL,
    unit_id INTEGER REFERENCES units (id)
);
CREATE INDEX people_by_name ON people (place, name);

-- Room: campaign.
CREATE TABLE campaigns (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    place           TEXT NOT NULL,
    name            TEXT NOT NULL,
    document_number TEXT NOT NULL,
    issuer          TEXT NOT NULL,
    issued_on       TEXT NOT NULL,
    printed_on      TEXT NOT NULL,
    drill           BOOLEAN NOT NULL,
    plan_version    INTEGER NOT NULL,
    opened_at       TIMESTAMP NOT NULL,
    stamp           INTEGER NOT NULL -- changes with its roster, plan and rules
);
CREATE UNIQUE INDEX campaigns_by_number ON campaigns (place, document_number, name);

CREATE TABLE plans (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    version     INTEGER NOT NULL,
    file_name   TEXT NOT NULL,
    format      TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    original    BLOB NOT NULL,
    source      TEXT NOT NULL, -- the text whose lines every span counts
    reading     TEXT NOT NULL, -- the Plan as opened, after the clerk's corrections, as JSON
    edits       TEXT NOT NULL, -- what the clerk corrected, as JSON
    applied_at  TIMESTAMP NOT NULL,
    UNIQUE (campaign_id, id),
    UNIQUE (campaign_id, version)
);

CREATE TABLE drafts (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id        INTEGER NOT NULL, -- the running campaign that it revises; 0 for a new one
    file_name          TEXT NOT NULL,
    format             TEXT NOT NULL,
    sha256             TEXT NOT NULL,
    original           BLOB NOT NULL,
    source             TEXT NOT NULL,
    first_reading      TEXT NOT NULL,
    edits              TEXT NOT NULL,
    revision           INTEGER NOT NULL,
    drill              BOOLEAN NOT NULL,
    created_by         INTEGER NOT NULL,
    created_by_name    TEXT NOT NULL,
    created_at         TIMESTAMP NOT NULL,
    updated_at         TIMESTAMP NOT NULL,
    opened_campaign_id INTEGER NOT NULL -- 0 until opened or applied
);

CREATE TABLE phases (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    start_month TEXT NOT NULL,
    end_month   TEXT NOT NULL,
    text        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id)
);

CREATE TABLE actions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    position    INTEGER NOT NULL,
    path        TEXT NOT NULL,
    name        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id)
);

CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    action_id   INTEGER,
    position    INTEGER NOT NULL,
    path        TEXT NOT NULL,
    name        TEXT NOT NULL,
    text        TEXT NOT NULL,
    deadline    TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, action_id) REFERENCES actions (campaign_id, id)
);
CREATE INDEX tasks_by_action ON tasks (campaign_id, action_id);

CREATE TABLE task_units (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    task_id     INTEGER NOT NULL,
    unit_id     INTEGER NOT NULL REFERENCES units (id),
    role        TEXT NOT NULL, -- lead, support
    printed     TEXT NOT NULL, -- the plan's own word: 牵头, 配合, 指导
    derived     BOOLEAN NOT NULL,
    scope       TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    UNIQUE (campaign_id, id),
    UNIQUE (campaign_id, task_id, unit_id, role, scope),
    FOREIGN KEY (campaign_id, task_id) REFERENCES tasks (campaign_id, id)
);
CREATE INDEX task_units_by_unit ON task_units (campaign_id, unit_id);

CREATE TABLE obligations (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    position    INTEGER NOT NULL,
    who         TEXT NOT NULL, -- JSON array of names as printed
    what        TEXT NOT NULL,
    cadence     TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id)
);

CREATE TABLE indicators (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    position    INTEGER NOT NULL,
    task_id     INTEGER, -- the task it stands in, if one
    path        TEXT NOT NULL,
    name        TEXT NOT NULL,
    comparator  TEXT NOT NULL,
    value       TEXT NOT NULL,
    unit        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, task_id) REFERENCES tasks (campaign_id, id)
);

CREATE TABLE findings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    version     INTEGER NOT NULL, -- of the plan it was found in
    position    INTEGER NOT NULL,
    code        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    message     TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    answer      TEXT NOT NULL, -- '', accepted, kept
    note        TEXT NOT NULL,
    UNIQUE (campaign_id, id)
);

CREATE TABLE bodies (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    parent_id   INTEGER, -- of a section: the office it belongs to
    action_id   INTEGER, -- of a work group: the action it answers for
    position    INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, parent_id) REFERENCES bodies (campaign_id, id),
    FOREIGN KEY (campaign_id, action_id) REFERENCES actions (campaign_id, id)
);

CREATE TABLE appointments (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    body_id     INTEGER NOT NULL,
    person_id   INTEGER NOT NULL REFERENCES people (id),
    unit_id     INTEGER REFERENCES units (id),
    position    INTEGER NOT NULL,
    role        TEXT NOT NULL,
    post        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    from_day    TEXT NOT NULL,
    to_day      TEXT NOT NULL, -- '' while it lasts
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, body_id) REFERENCES bodies (campaign_id, id)
);
CREATE INDEX appointments_by_body ON appointments (campaign_id, body_id);
CREATE INDEX appointments_by_person ON appointments (campaign_id, person_id);
CREATE INDEX appointments_by_unit ON appointments (campaign_id, unit_id);

CREATE TABLE duties (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    body_id     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    text        TEXT NOT NULL,
    line_from   INTEGER NOT NULL,
    line_to     INTEGER NOT NULL,
    gone_on     TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, body_id) REFERENCES bodies (campaign_id, id)
);
CREATE INDEX duties_by_body ON duties (campaign_id, body_id);

-- Room: campaign again.
CREATE TABLE work_items (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    task_id     INTEGER NOT NULL,
    title       TEXT NOT NULL,
    unit_id     INTEGER REFERENCES units (id),
    person_id   INTEGER REFERENCES people (id),
    site        TEXT NOT NULL,
    start_day   TEXT NOT NULL,
    due_day     TEXT NOT NULL,
    done_on     TEXT NOT NULL, -- '' while open
    done_note   TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, task_id) REFERENCES tasks (campaign_id, id)
);
CREATE INDEX work_items_by_task ON work_items (campaign_id, task_id, start_day, due_day, id); -- the timetable pages along it
CREATE INDEX work_items_progress ON work_items (campaign_id, task_id, done_on, due_day); -- progress is counted in it alone
CREATE INDEX work_items_open ON work_items (campaign_id, done_on, due_day, id, task_id); -- and late tasks are counted in it alone
CREATE INDEX work_items_by_unit ON work_items (campaign_id, unit_id);
CREATE INDEX work_items_by_person ON work_items (campaign_id, person_id);

CREATE TABLE milestones (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id  INTEGER NOT NULL,
    work_item_id INTEGER NOT NULL,
    name         TEXT NOT NULL,
    due_day      TEXT NOT NULL,
    done_on      TEXT NOT NULL,
    done_note    TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    FOREIGN KEY (campaign_id, work_item_id) REFERENCES work_items (campaign_id, id)
);
CREATE INDEX milestones_by_item ON milestones (campaign_id, work_item_id);

CREATE TABLE search_entries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    kind        TEXT NOT NULL, -- person, unit, task, duty, body, action
    subject_id  INTEGER NOT NULL,
    title       TEXT NOT NULL,
    detail      TEXT NOT NULL,
    UNIQUE (campaign_id, id),
    UNIQUE (campaign_id, kind, subject_id)
);
