// Package roster knows units, people, bodies and who was appointed to what, from when to when.
// It owns the tables units, people, bodies, appointments and duties.
package roster

import (
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// Unit is a department, district, hospital or company. It belongs to no campaign;
// Place tells one city's 市卫健委 from another's.
type Unit struct {
	bun.BaseModel `bun:"table:units,alias:u"`

	ID    int64 `bun:"id,pk,autoincrement"`
	Place string
	Name  string
}

// Person is somebody whom a plan names. It belongs to no campaign.
type Person struct {
	bun.BaseModel `bun:"table:people,alias:p"`

	ID     int64 `bun:"id,pk,autoincrement"`
	Place  string
	Name   string
	UnitID int64 `bun:",nullzero"` // where they serve as far as known
}

// Body is a group that the plan sets up: leading group, office, section, work group, inspection group.
type Body struct {
	bun.BaseModel `bun:"table:bodies,alias:b"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	ParentID   int64 `bun:",nullzero"`
	ActionID   int64 `bun:",nullzero"`
	Position   int
	Kind       string
	Name       string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the body was read from.
func (b Body) Lines() plan.Lines { return plan.Lines{b.LineFrom, b.LineTo} }

// Appointment is a Person in a Body in a role, from a day, to a day ("" while it lasts).
type Appointment struct {
	bun.BaseModel `bun:"table:appointments,alias:a"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	BodyID     int64
	PersonID   int64
	UnitID     int64 `bun:",nullzero"`
	Position   int
	Role       string
	Post       string
	LineFrom   int
	LineTo     int
	FromDay    kernel.Date
	ToDay      kernel.Date
}

// Lines is the passage the appointment was read from.
func (a Appointment) Lines() plan.Lines { return plan.Lines{a.LineFrom, a.LineTo} }

// Duty is a numbered duty (主要职责) of a Body.
type Duty struct {
	bun.BaseModel `bun:"table:duties,alias:d"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	BodyID     int64
	Number     int
	Position   int
	Text       string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the duty was read from.
func (d Duty) Lines() plan.Lines { return plan.Lines{d.LineFrom, d.LineTo} }

// KindName is the Chinese name of a kind of body.
func KindName(kind string) string {
	switch kind {
	case plan.LeadingGroup:
		return "领导小组"
	case plan.Office:
		return "办公室"
	case plan.Section:
		return "办公室内设组"
	case plan.WorkGroup:
		return "工作组"
	case plan.InspectionGroup:
		return "督导检查组"
	}
	return "机构"
}
