package indicator

import (
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
)

// Who may do what with indicators. Everything not allowed here is denied.
//
//	see indicators, figures, incidents      whoever sees the campaign
//	add, change, set targets, name places   the office
//	fill in figures                         people of the unit that reports them; the office
//	approve or send back a figure           the office; never who gave it, nor anybody of the unit that reports it
//	record an incident                      the office, the inspection group, people of the unit that answers for it
//	withdraw an incident                    the office

// MayKeep reports whether the viewer may add and change indicators, targets and places.
func MayKeep(v campaign.View) bool { return v.Actor.System || v.Standing.InOffice() }

// MayDecide reports whether the viewer may approve figures at all.
func MayDecide(v campaign.View) bool { return MayKeep(v) }

// mayFill reports whether the viewer may fill in a figure that a unit reports.
func mayFill(v campaign.View, unit int64) bool { return MayKeep(v) || v.Standing.OfUnit(unit) }

// mayDecideOn reports whether the viewer may approve a figure that a unit reports and somebody gave.
func mayDecideOn(v campaign.View, unit int64, r Reading) bool {
	return v.Actor.System || (v.Standing.InOffice() && !v.Standing.OfUnit(unit) && r.GivenBy != v.Actor.AccountID)
}

// MayRecord reports whether the viewer may record an incident behind an indicator.
func MayRecord(v campaign.View, i Indicator) bool {
	return MayKeep(v) || v.Standing.Inspects() || v.Standing.OfUnit(i.UnitID)
}

var errKeep = kernel.E(kernel.Forbidden, "指标、目标和地区由领导小组办公室设置")
