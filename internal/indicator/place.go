package indicator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

var government = regexp.MustCompile(`^(.{2,}[区县市旗])(?:人民政府|政府)$|^(.{2,})(?:管委会|管理委员会)$`)

// districtsOf are the parts of a city whose governments the roster names: 平江区政府 governs 平江区, 平河经济开发区管委会
// the 平河经济开发区. The city's own government is none of them.
func districtsOf(units []campaign.UnitRow, city string) (list []Place) {
	for _, u := range units {
		m := government.FindStringSubmatch(u.Name)
		if m == nil {
			continue
		}
		name := m[1] + m[2]
		if name == city || name == strings.TrimSuffix(city, "市") || slices.ContainsFunc(list, func(p Place) bool { return p.Name == name }) {
			continue
		}
		list = append(list, Place{Name: name, UnitID: u.ID})
	}
	return list
}

// wholeName is what the whole city is called among the places.
const wholeName = "全市"

// PlaceInput is a district as the office names it; Unit is the name of the unit that reports for it, "" for none.
type PlaceInput struct {
	Name string
	Code string
	Unit string
}

// longestName is how many characters a name may have.
const longestName = 120

func (in PlaceInput) checked() (PlaceInput, error) {
	in.Name, in.Code, in.Unit = strings.TrimSpace(in.Name), strings.TrimSpace(in.Code), strings.TrimSpace(in.Unit)
	if in.Name == "" || len([]rune(in.Name)) > longestName {
		return in, kernel.E(kernel.Invalid, "请写地区的名称，最多 %d 字", longestName).On("name")
	}
	if len([]rune(in.Code)) > longestName {
		return in, kernel.E(kernel.Invalid, "编码最多 %d 字", longestName).On("code")
	}
	return in, nil
}

// AddPlace adds a district. It fails with forbidden for all but the office, invalid for a name that is there already
// or a unit that is not in the campaign.
func (s *Service) AddPlace(ctx context.Context, campaignID int64, in PlaceInput) error {
	return s.place(ctx, campaignID, 0, in)
}

// ChangePlace renames a place, or gives it another code or unit.
func (s *Service) ChangePlace(ctx context.Context, campaignID, id int64, in PlaceInput) error {
	return s.place(ctx, campaignID, id, in)
}

func (s *Service) place(ctx context.Context, campaignID, id int64, in PlaceInput) error {
	in, err := in.checked()
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if !MayKeep(b.view) {
			return errKeep
		}
		unit, err := unitCalled(ctx, tx, campaignID, in.Unit)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(b.places, func(p Place) bool { return p.ID != id && p.Name == in.Name }) {
			return kernel.E(kernel.Invalid, "已经有地区叫“%s”", in.Name).On("name")
		}
		return s.writePlace(ctx, tx, &b, id, in, unit)
	})
}

func (s *Service) writePlace(ctx context.Context, tx db.Tx, b *book, id int64, in PlaceInput, unit int64) error {
	p, verb, before := Place{CampaignID: b.view.ID, Position: len(b.places) + 1}, "added", ""
	if id != 0 {
		var ok bool
		if p, ok = b.place(id); !ok {
			return kernel.E(kernel.NotFound, "没有这个地区")
		}
		verb, before = "changed", p.Name
	}
	p.Name, p.Code, p.UnitID = in.Name, in.Code, unit
	var err error
	if id == 0 {
		err = db.Insert(ctx, tx, &p)
	} else {
		err = changePlace.Exec(ctx, tx, &p)
	}
	if err != nil {
		return fmt.Errorf("place %s: %w", p.Name, err)
	}
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: p.CampaignID, At: s.clock.Now(), SubjectKind: PlaceKind, SubjectID: p.ID, Verb: verb,
		Data: map[string]any{"name": p.Name, "was": before, "code": p.Code, "unit": in.Unit}})
}

var changePlace = db.Change[Place]()

// unitCalled is the unit of the campaign that is called so; 0 for "". It fails with invalid where there is none.
func unitCalled(ctx context.Context, tx db.Tx, campaignID int64, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	u, err := roster.UnitNamed(ctx, tx, campaignID, name)
	if err == nil && u.ID == 0 {
		err = kernel.E(kernel.Invalid, "名单里没有单位“%s”，请从下拉里选", name).On("unit")
	}
	return u.ID, err
}

// Places are the places of a campaign, the whole city first.
func (s *Service) Places(ctx context.Context, campaignID int64) (list []Place, units map[int64]string, err error) {
	if _, err = s.Adopt(ctx, campaignID); err != nil {
		return nil, nil, err
	}
	b, err := s.open(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return nil, nil, err
	}
	units, err = b.unitNames(ctx, s.db.Reader())
	return b.places, units, err
}

// unitNames are the names of all units that answer for something.
func (b *book) unitNames(ctx context.Context, tx db.Tx) (map[int64]string, error) {
	var ids []int64
	for _, p := range b.places {
		ids = append(ids, p.UnitID)
	}
	for _, i := range b.indicators {
		ids = append(ids, i.UnitID)
	}
	units, _, err := roster.Names(ctx, tx, ids, nil)
	return units, err
}
