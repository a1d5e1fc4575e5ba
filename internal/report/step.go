package report

import (
	"slices"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// Verb is what somebody does with a filing: its name in the ledger.
type Verb string

// The verbs.
const (
	Submit   Verb = "submitted"
	Approve  Verb = "approved"
	Refuse   Verb = "refused"
	Accept   Verb = "accepted"
	SendBack Verb = "sent_back"
	Hold     Verb = "held" // a meeting took place, or what is asked was done
)

// Name is the verb in Chinese, as on its button.
func (v Verb) Name() string {
	return map[Verb]string{Submit: "提交", Approve: "审核同意，报出", Refuse: "退回修改", Accept: "接收", SendBack: "退回", Hold: "已办"}[v]
}

// Asks reports whether the verb wants a question: which part, and what is wrong with it.
func (v Verb) Asks() bool {
	t, _ := rowOf(v)
	return t.Question
}

// Role is who may take a row.
type Role string

// The roles.
const (
	OfReporter Role = "reporter" // somebody of the body or unit
	HeadOf     Role = "head"     // who heads it
	OfOffice   Role = "office"
)

// Name is the role in Chinese.
func (r Role) Name() string {
	return map[Role]string{OfReporter: "报送单位的人", HeadOf: "报送单位负责人", OfOffice: "领导小组办公室"}[r]
}

// Transition is one row of a filing's way.
type Transition struct {
	Verb     Verb
	From     []Step
	To       Step
	Who      Role
	Question bool // a part must be named and what is wrong with it
	Note     bool // of what is held or done, not filed: what came of it must be said
}

// of reports whether the row is for an obligation's kind.
func (t Transition) of(kind ObligationKind) bool { return t.Note == (kind != ToFile) }

// Transitions is the way of a filing. A head who hands in himself has approved.
var Transitions = []Transition{
	{Verb: Submit, From: []Step{Owed, Returned}, To: Submitted, Who: OfReporter},
	{Verb: Approve, From: []Step{Submitted}, To: Approved, Who: HeadOf},
	{Verb: Refuse, From: []Step{Submitted}, To: Returned, Who: HeadOf, Question: true},
	{Verb: Accept, From: []Step{Approved}, To: Accepted, Who: OfOffice},
	{Verb: SendBack, From: []Step{Approved, Accepted}, To: Returned, Who: OfOffice, Question: true},
	{Verb: Hold, From: []Step{Owed}, To: Accepted, Who: OfReporter, Note: true},
}

func rowOf(verb Verb) (Transition, bool) {
	i := slices.IndexFunc(Transitions, func(t Transition) bool { return t.Verb == verb })
	if i < 0 {
		return Transition{}, false
	}
	return Transitions[i], true
}

// sits reports whether somebody sits in a reporter's body, or for its unit.
func sits(st roster.Standing, r Reporter) bool {
	return slices.ContainsFunc(st.Seats, func(x roster.Seat) bool {
		return (r.BodyID != 0 && x.BodyID == r.BodyID) || (r.UnitID != 0 && x.UnitID == r.UnitID)
	})
}

// heads reports whether somebody heads a reporter: the head or deputy of a body (组长、副组长); of a unit, whoever sits
// for it anywhere but as a liaison.
func heads(st roster.Standing, r Reporter) bool {
	return slices.ContainsFunc(st.Seats, func(x roster.Seat) bool {
		return (r.BodyID != 0 && x.BodyID == r.BodyID && !roster.IsMember(x.Role)) || (r.UnitID != 0 && x.UnitID == r.UnitID && x.Role != "联络员")
	})
}

// has reports whether the viewer has a role at a reporter's filing. Whoever reports is never the office that accepts
// it, even where he sits in both.
func has(v campaign.View, role Role, r Reporter) bool {
	switch role {
	case OfReporter:
		return v.Actor.System || sits(v.Standing, r)
	case HeadOf:
		return v.Actor.System || heads(v.Standing, r)
	case OfOffice:
		return v.Actor.System || (v.Standing.InOffice() && !sits(v.Standing, r))
	}
	return false
}

// sees reports whether the viewer may read a filing: who reports it, the office, the leading group.
func sees(v campaign.View, r Reporter) bool {
	return v.Actor.System || mayRead(v.Standing, r)
}

func refusal(t Transition) error {
	return kernel.E(kernel.Forbidden, "“%s”由%s办理", t.Verb.Name(), t.Who.Name())
}
