package cases

import (
	"context"
	"fmt"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Correction is what somebody wrote down of a case, put right (更正). It is no step: where the case stands, and what
// its clocks were started with, stays.
type Correction struct {
	Revision int // what the form showed; -1 for whatever stands
	Reason   string

	Title    string // "" for the beginning of the words
	Words    string
	Category string
	Severity Severity
	Address  string
	District string
	Lat, Lon *float64
}

// CorrectionOf is a case as the form of a correction begins with it.
func CorrectionOf(c Case) Correction {
	title := c.Title
	if titledByWords(c) {
		title = "" // it goes with the words
	}
	return Correction{Revision: c.Revision, Title: title, Words: c.Words, Category: c.Category, Severity: c.Severity,
		Address: c.Address, District: c.District, Lat: c.Lat, Lon: c.Lon}
}

// Correct puts right what was written down of a case that has not ended. It fails with not_found for a case the actor
// may not know of, forbidden where correcting it is not his, conflict where it has ended or somebody changed it
// meanwhile, invalid where a field is wrong, no reason is given or nothing differs.
func (s *Service) Correct(ctx context.Context, campaignID, id int64, k Correction) (c Case, err error) {
	err = s.db.Write(ctx, func(tx db.Tx) error {
		v, err := viewerOf(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if c, _, err = visible(ctx, tx, v, id); err != nil {
			return err
		}
		if err := v.mayCorrect(c); err != nil {
			return err
		}
		was := c
		if err := k.apply(&c); err != nil {
			return err
		}
		changes := differences(was, c)
		if len(changes) == 0 {
			return kernel.E(kernel.Invalid, "没有改动，不用更正")
		}
		if err := correct(ctx, tx, &c); err != nil {
			return err
		}
		data := map[string]any{"number": c.Number(), "changes": changes, "reason": strings.TrimSpace(k.Reason)}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), caseEvent(c, string(Corrected), data))...)
	})
	return c, err
}

// apply checks the correction as a registration is checked, and writes it over the case.
func (k Correction) apply(c *Case) error {
	if k.Revision >= 0 && k.Revision != c.Revision {
		return kernel.E(kernel.Conflict, "这件案件刚被别人办过，现在%s。您填的没有存，请打开案件看过再更正", stateWords(*c))
	}
	r := Registration{Title: k.Title, Words: k.Words, Source: c.Source, Category: k.Category, Severity: k.Severity, Address: k.Address,
		District: k.District, Lat: k.Lat, Lon: k.Lon}
	n, err := r.check(c.CampaignID)
	if err != nil {
		return err
	}
	if err := needText(k.Reason, "请写更正的理由，例如“来电人把路名说错了”", "reason"); err != nil {
		return err
	}
	if !sameLines(n.Words, c.Words) {
		c.Words = n.Words
	}
	c.Title, c.Category, c.Severity = n.Title, n.Category, n.Severity
	c.Address, c.District, c.Lat, c.Lon = n.Address, n.District, n.Lat, n.Lon
	return nil
}

// sameLines: a browser ends lines its own way, which is no correction.
func sameLines(a, b string) bool {
	return strings.ReplaceAll(a, "\r\n", "\n") == strings.ReplaceAll(b, "\r\n", "\n")
}

// Difference is one field that a correction changed, in the words of the form.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// titledByWords: nobody gave the case a title, so it has the beginning of its words.
func titledByWords(c Case) bool { return c.Title == shorten(c.Words, titleLength) }

func differences(was, c Case) (list []Difference) {
	if titledByWords(was) && titledByWords(c) {
		c.Title = was.Title // the words say it
	}
	for _, d := range []Difference{
		{"标题", was.Title, c.Title}, {"问题", was.Words, c.Words}, {"类别", was.Category, c.Category}, {"严重程度", was.Severity.Name(), c.Severity.Name()},
		{"地点", was.Address, c.Address}, {"县区", was.District, c.District}, {"经纬度", coordinates(was), coordinates(c)},
	} {
		if d.Before != d.After {
			list = append(list, d)
		}
	}
	return list
}

func coordinates(c Case) string {
	if c.Lat == nil || c.Lon == nil {
		return ""
	}
	return fmt.Sprintf("%v, %v", *c.Lat, *c.Lon)
}

// Correctable says why the viewer may not correct the case; nil where he may.
func (x *Seen) Correctable() error { return x.Viewer.mayCorrect(x.Case) }

// mayCorrect: the office while the case has not ended; whoever registered it until the office has taken it on.
func (v Viewer) mayCorrect(c Case) error {
	switch office := v.Standing.InOffice(); {
	case !office && !v.found(c):
		return kernel.E(kernel.Forbidden, "更正由办公室办理；登记人在受理以前也可以更正")
	case !office && c.Step != Registered:
		return kernel.E(kernel.Forbidden, "案件%s，更正由办公室办理。登记人在受理以前可以更正", stateWords(c))
	case c.Ended():
		return kernel.E(kernel.Conflict, "案件%s，不能再更正", stateWords(c))
	}
	return nil
}
