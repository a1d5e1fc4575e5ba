package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Note is what somebody adds to an open case (补充说明), be it his turn or not: a call that came in, a photograph of
// this morning. Neither step nor clock nor revision changes, so it disturbs nobody's form.
type Note struct {
	UUID     string // of the form; "" where there is none
	Text     string
	Evidence []evidence.Incoming
}

// Note adds to an open case. Handing in the same UUID again changes nothing, files neither. It fails with not_found
// for a case the actor may not know of, forbidden where the case is not his, conflict where it has ended, invalid
// where nothing is said.
func (s *Service) Note(ctx context.Context, campaignID, id int64, n Note) error {
	if err := needText(n.Text, "请写补充的情况，例如“又有两位居民来电，晚上八点以后最严重”", "text"); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := viewerOf(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		c, units, err := visible(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if again, err := noted(ctx, tx, c, n.UUID); err != nil || again {
			return err
		}
		if err := v.mayNote(c, units); err != nil {
			return err
		}
		files, err := s.attach(ctx, tx, c, n.Evidence, evidence.Other)
		if err != nil {
			return err
		}
		data := map[string]any{"number": c.Number(), "text": strings.TrimSpace(n.Text)}
		if n.UUID != "" {
			data["uuid"] = n.UUID
		}
		if len(files) > 0 {
			data["evidence"] = files
		}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), caseEvent(c, string(Noted), data))...)
	})
}

// noted reports whether a note was handed in already. A note lives in the ledger alone; who sends one again does so
// at once, so it is among the latest.
func noted(ctx context.Context, tx db.Tx, c Case, uuid string) (bool, error) {
	if uuid == "" {
		return false, nil
	}
	rows, err := ledger.Timeline(ctx, tx, c.CampaignID, Kind, c.ID, 0, historyLength)
	if err != nil {
		return false, fmt.Errorf("notes of case %d: %w", c.ID, err)
	}
	for _, r := range rows {
		if r.Verb != string(Noted) {
			continue
		}
		var data struct {
			UUID string `json:"uuid"`
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return false, fmt.Errorf("event %d: %w", r.ID, err)
		}
		if data.UUID == uuid {
			return true, nil
		}
	}
	return false, nil
}

// Notable says why the viewer may not add to the case; nil where he may.
func (x *Seen) Notable() error { return x.Viewer.mayNote(x.Case, x.Units) }

// mayNote: those whom an open case concerns. A unit that gave it back has nothing more to do with it.
func (v Viewer) mayNote(c Case, units []CaseUnit) error {
	supports := slices.ContainsFunc(units, func(u CaseUnit) bool { return u.Role == Support && v.Standing.OfUnit(u.UnitID) })
	concerned := slices.ContainsFunc([]Role{OfOffice, Inspector, Finder, LeadUnit}, func(r Role) bool { return v.has(r, c, units) })
	switch {
	case !supports && !concerned:
		return kernel.E(kernel.Forbidden, "补充说明由登记人、牵头单位、配合单位、办公室和督导检查组写")
	case c.Ended():
		return kernel.E(kernel.Conflict, "案件%s，不能再补充说明", stateWords(c))
	}
	return nil
}
