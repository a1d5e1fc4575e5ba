-- +goose Up

-- The files themselves lie in the blob store, by their SHA-256.
CREATE TABLE evidence (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id     INTEGER NOT NULL REFERENCES campaigns (id),
    client_uuid     TEXT NOT NULL, -- made by the device: handing in twice changes nothing
    sha256          TEXT NOT NULL,
    name            TEXT NOT NULL, -- as uploaded, for people only
    kind            TEXT NOT NULL, -- photo, document, video
    format          TEXT NOT NULL, -- as sniffed
    bytes           INTEGER NOT NULL,
    width           INTEGER NOT NULL, -- as seen, turned upright; 0 where unknown
    height          INTEGER NOT NULL,
    device_at       TIMESTAMP, -- what the device said at capture
    device_lat      REAL,
    device_lon      REAL,
    device_accuracy REAL NOT NULL, -- metres, 0 unknown
    taken_at        TIMESTAMP, -- what the picture says of itself (EXIF)
    taken_zone      TEXT NOT NULL, -- +08:00; '' where the picture names none and Shanghai was taken
    taken_lat       REAL,
    taken_lon       REAL,
    received_at     TIMESTAMP NOT NULL, -- the server's own clock
    account_id      INTEGER,
    person_id       INTEGER REFERENCES people (id),
    unit_id         INTEGER REFERENCES units (id),
    by_name         TEXT NOT NULL,
    subject_kind    TEXT NOT NULL, -- case, inspection, …
    subject_id      INTEGER NOT NULL,
    purpose         TEXT NOT NULL, -- before, after, other
    round           INTEGER NOT NULL,
    sizes           TEXT NOT NULL, -- none, waiting, ready, failed
    sizes_attempts  INTEGER NOT NULL,
    sizes_at        TIMESTAMP NOT NULL, -- not before; claiming a row moves it on
    created_at      TIMESTAMP NOT NULL,
    UNIQUE (campaign_id, id),
    UNIQUE (campaign_id, client_uuid)
);
CREATE INDEX evidence_by_subject ON evidence (campaign_id, subject_kind, subject_id, id);
CREATE INDEX evidence_by_sha256 ON evidence (campaign_id, sha256);
CREATE INDEX evidence_waiting ON evidence (sizes_at) WHERE sizes = 'waiting';

-- What a photo looks like in small, for comparing two of them.
CREATE TABLE evidence_looks (
    campaign_id INTEGER NOT NULL,
    evidence_id INTEGER NOT NULL,
    look        BLOB NOT NULL,
    asks        BLOB NOT NULL, -- the marks to look for others with: more than others find it by
    PRIMARY KEY (campaign_id, evidence_id),
    FOREIGN KEY (campaign_id, evidence_id) REFERENCES evidence (campaign_id, id)
) WITHOUT ROWID;

-- A photo's most striking spots, by a hash of what they look like: by them near-duplicates are found.
CREATE TABLE evidence_marks (
    campaign_id INTEGER NOT NULL,
    word        INTEGER NOT NULL,
    evidence_id INTEGER NOT NULL,
    spot        INTEGER NOT NULL, -- where in the picture, and how large
    PRIMARY KEY (campaign_id, word, evidence_id, spot),
    FOREIGN KEY (campaign_id, evidence_id) REFERENCES evidence (campaign_id, id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE evidence_marks;
DROP TABLE evidence_looks;
DROP TABLE evidence;
