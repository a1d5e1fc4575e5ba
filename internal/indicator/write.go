package indicator

import (
	"context"
	"fmt"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/ledger"
)

// perFigure is how many figures each get an event of their own; of more, each indicator gets one.
const perFigure = 200

func (e *entering) write(ctx context.Context, tx db.Tx) error {
	if len(e.fresh)+len(e.changed) == 0 {
		return nil
	}
	many := len(e.fresh)+len(e.changed) > perFigure
	if err := e.insert(ctx, tx, many); err != nil {
		return err
	}
	for n := range e.changed {
		if err := e.replace(ctx, tx, &e.changed[n]); err != nil {
			return err
		}
	}
	if !many {
		if err := e.b.redraw(ctx, tx, e.touched()); err != nil {
			return err
		}
		return ledger.Append(ctx, tx, e.events()...)
	}
	if err := e.outlines(ctx, tx); err != nil {
		return err
	}
	return ledger.Append(ctx, tx, e.summary()...)
}

func (e *entering) insert(ctx context.Context, tx db.Tx, many bool) error {
	if !many {
		for n := range e.fresh {
			if err := db.Insert(ctx, tx, &e.fresh[n]); err != nil {
				return fmt.Errorf("figure: %w", err)
			}
		}
		return nil
	}
	return db.InsertColumns(ctx, tx, e.fresh)
}

var (
	readingByID   = db.Select[Reading]("WHERE rd.campaign_id = ? AND rd.id = ?")
	changeReading = db.Change[Reading]("indicator_id", "place_id", "period")
)

// replace keeps what a figure was and writes what it is. A draft that is written over leaves no trace: nobody saw it.
func (e *entering) replace(ctx context.Context, tx db.Tx, c *change) error {
	rows, err := readingByID.All(ctx, tx, c.was.CampaignID, c.was.ID)
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("figure %d: %d rows: %w", c.was.ID, len(rows), err)
	}
	was := rows[0]
	if !was.FirstAt.IsZero() {
		c.is.FirstAt = was.FirstAt
	}
	if e.how.Draft {
		c.is.Question = was.Question // still to be answered
	}
	if was.Step != Draft {
		v := was.asVersion()
		if err := db.Insert(ctx, tx, &v); err != nil {
			return fmt.Errorf("version of figure %d: %w", was.ID, err)
		}
	}
	c.was = was
	return changeReading.Exec(ctx, tx, &c.is)
}

func (e *entering) touched() (ids []int64) {
	for _, r := range e.fresh {
		ids = append(ids, r.IndicatorID)
	}
	for _, c := range e.changed {
		ids = append(ids, c.is.IndicatorID)
	}
	return ids
}

// outlines draws the outlines from what is in memory: all figures of the touched indicators are.
func (e *entering) outlines(ctx context.Context, tx db.Tx) error {
	if !e.whole {
		return e.b.redraw(ctx, tx, e.touched())
	}
	all := map[int64][]Reading{}
	for _, x := range e.series {
		all[x.i.ID] = append(all[x.i.ID], x.next...)
	}
	for id, list := range all {
		i, _ := e.b.indicator(id)
		if err := e.b.keepOutline(ctx, tx, i, list); err != nil {
			return err
		}
	}
	return nil
}

// events tell each figure's story.
func (e *entering) events() (list []ledger.Event) {
	if e.how.Draft {
		return nil // nothing was handed in
	}
	tell := func(verb string, is Reading, data map[string]any) {
		i, _ := e.b.indicator(is.IndicatorID)
		place, _ := e.b.place(is.PlaceID)
		data["indicator"], data["place"], data["period"], data["after"] = i.Name, place.Name, is.Period.Name(), i.figureText(is)
		for key, text := range map[string]string{"because": is.Reason, "warning": strings.ReplaceAll(is.Warning, "\n", "；"), "source": is.Source} {
			if text != "" {
				data[key] = text
			}
		}
		if e.dues.markOf(i, is.Period, &is, e.now) == CameLate && is.FirstAt.Equal(e.now) {
			data["late"] = true
		}
		list = append(list, ledger.Event{CampaignID: is.CampaignID, At: e.now, SubjectKind: FigureKind, SubjectID: is.ID, Verb: verb, Data: data})
	}
	for _, r := range e.fresh {
		tell("submitted", r, map[string]any{})
	}
	for _, c := range e.changed {
		i, _ := e.b.indicator(c.is.IndicatorID)
		verb := map[Step]string{Draft: "submitted", Submitted: "corrected", Returned: "corrected", Approved: "restated"}[c.was.Step]
		tell(verb, c.is, map[string]any{"was": i.figureText(c.was)})
	}
	return list
}

// figureText is a figure in full: of a ratio with what it is made of.
func (i Indicator) figureText(r Reading) string {
	if r.Numerator != nil && r.Denominator != nil {
		return fmt.Sprintf("%s（%s / %s）", i.Shown(r.Value), plain(*r.Numerator), plain(*r.Denominator))
	}
	return i.Shown(r.Value)
}

// summary tells of many figures at once, an event an indicator.
func (e *entering) summary() (list []ledger.Event) {
	counts := map[int64]*Entered{}
	count := func(id int64) *Entered {
		if counts[id] == nil {
			counts[id] = &Entered{}
		}
		return counts[id]
	}
	for _, r := range e.fresh {
		count(r.IndicatorID).New++
	}
	for _, c := range e.changed {
		count(c.is.IndicatorID).Changed++
	}
	for _, i := range e.b.indicators {
		if n := counts[i.ID]; n != nil {
			list = append(list, ledger.Event{CampaignID: i.CampaignID, At: e.now, SubjectKind: Kind, SubjectID: i.ID, Verb: "figures_given",
				Data: map[string]any{"indicator": i.Name, "source": e.how.Source, "new": n.New, "changed": n.Changed, "because": e.how.Reason}})
		}
	}
	return list
}
