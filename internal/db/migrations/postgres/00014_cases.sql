-- +goose Up

-- A unit's and a body's cases of a period. A case that was only registered is in neither.
create index cases_of_unit on cases (campaign_id, lead_unit_id, closed_at, dispatched_at) where lead_unit_id <> 0;
create index cases_of_body on cases (campaign_id, body_id, closed_at, dispatched_at) where body_id is not null;

-- +goose Down
drop index cases_of_body;
drop index cases_of_unit;
