package cases

// The pipeline is this one table. The service takes its rows, the screens show what of them is open to whom, the
// tests take and refuse every row, the manual prints them.

// Step is where a case stands.
type Step string

// The steps.
const (
	Start        Step = ""             // not registered yet
	Registered   Step = "registered"   // 待受理
	Declined     Step = "declined"     // 不予受理
	Merged       Step = "merged"       // 已并案
	Accepted     Step = "accepted"     // 待派遣
	Dispatched   Step = "dispatched"   // 待签收
	Rectifying   Step = "rectifying"   // 整改中
	Returning    Step = "returning"    // 退单待定: the office decides
	Coordinating Step = "coordinating" // 协调中: given back a second time
	Deferring    Step = "deferring"    // 挂账待批
	Deferred     Step = "deferred"     // 挂账
	Responded    Step = "responded"    // 待核查
	Closed       Step = "closed"       // 已结案
)

// Steps lists them in the order of the line.
var Steps = []Step{Registered, Accepted, Dispatched, Rectifying, Returning, Coordinating, Deferring, Deferred, Responded, Closed, Declined, Merged}

var stepNames = map[Step]string{Start: "（新登记）", Registered: "待受理", Declined: "不予受理", Merged: "已并案", Accepted: "待派遣", Dispatched: "待签收",
	Rectifying: "整改中", Returning: "退单待定", Coordinating: "协调中", Deferring: "挂账待批", Deferred: "挂账", Responded: "待核查", Closed: "已结案"}

// Name is the step in Chinese.
func (s Step) Name() string { return stepNames[s] }

// Verb is what somebody does with a case: its name in the ledger.
type Verb string

// The verbs.
const (
	Register        Verb = "registered"
	Accept          Verb = "accepted"
	Decline         Verb = "declined"
	Merge           Verb = "merged"
	Dispatch        Verb = "dispatched"
	Acknowledge     Verb = "acknowledged"
	Respond         Verb = "responded"
	Return          Verb = "returned"
	Redirect        Verb = "redirected"
	RefuseReturn    Verb = "return_refused"
	AskExtension    Verb = "extension_asked"
	GrantExtension  Verb = "extension_granted"
	RefuseExtension Verb = "extension_refused"
	AskDeferral     Verb = "deferral_asked"
	GrantDeferral   Verb = "deferral_granted"
	RefuseDeferral  Verb = "deferral_refused"
	Resume          Verb = "resumed"
	SendBack        Verb = "sent_back"
	Close           Verb = "closed"
	Reopen          Verb = "reopened"
	Object          Verb = "objected"
	Escalate        Verb = "escalated"

	// These are no rows of the table: they change neither step nor clock. See Correct and Note.
	Corrected Verb = "corrected"
	Noted     Verb = "noted"
)

var verbNames = map[Verb]string{Register: "登记", Accept: "受理", Decline: "不予受理", Merge: "并案", Dispatch: "派遣", Acknowledge: "签收", Respond: "反馈",
	Return: "退单", Redirect: "改派", RefuseReturn: "维持原派", AskExtension: "申请延期", GrantExtension: "同意延期", RefuseExtension: "不同意延期",
	AskDeferral: "申请挂账", GrantDeferral: "同意挂账", RefuseDeferral: "不同意挂账", Resume: "恢复整改", SendBack: "退回整改", Close: "核查通过，结案",
	Reopen: "重新打开", Object: "对不受理有异议", Escalate: "升级",
	Corrected: "更正", Noted: "补充说明"}

// Name is the verb in Chinese, as on its button.
func (v Verb) Name() string { return verbNames[v] }

// Hand is whose clock runs.
type Hand string

// The hands.
const (
	Nobody      Hand = ""
	Office      Hand = "office"
	Unit        Hand = "unit"
	Verifier    Hand = "verifier"
	Coordinator Hand = "coordinator"
	Leader      Hand = "leader"
)

// Name is the hand in Chinese.
func (h Hand) Name() string {
	return map[Hand]string{Nobody: "不计时", Office: "办公室", Unit: "责任单位", Verifier: "核查人", Coordinator: "综合协调", Leader: "领导"}[h]
}

// Role is who may take a row.
type Role string

// The roles. Their meaning is in access.go.
const (
	AnyMember    Role = "member"           // anybody appointed in the campaign
	OfOffice     Role = "office"           // 办公室
	Finder       Role = "finder"           // whoever registered the case
	FinderInspec Role = "finder_inspector" // an inspector, of a case he registered himself
	Inspector    Role = "inspector"        // 督导检查组
	LeadUnit     Role = "lead_unit"        // somebody of the lead unit
	OfVerifiers  Role = "verifier"         // office or inspection group, neither of the units nor the responder
	Coordinates  Role = "coordinator"      // heads of the office, its coordinating section
	Leads        Role = "leader"           // heads of the leading group
	TheProgram   Role = "program"          // the clock
)

// Name is the role in Chinese.
func (r Role) Name() string {
	return map[Role]string{AnyMember: "行动里任职的人", OfOffice: "办公室", Finder: "登记人", FinderInspec: "督导检查组（本人登记的）", Inspector: "督导检查组", LeadUnit: "牵头单位",
		OfVerifiers: "核查人（办公室或督导检查组，不得是承办单位的人或反馈人）", Coordinates: "综合协调（办公室主任、副主任，综合协调组）", Leads: "组长、副组长", TheProgram: "系统按时限"}[r]
}

// Need is what a row asks for.
type Need string

// The needs.
const (
	NeedReason    Need = "reason"
	NeedUnit      Need = "unit"
	NeedOtherUnit Need = "other_unit"
	NeedCase      Need = "case"
	NeedText      Need = "text"
	NeedPhotos    Need = "photos" // where the campaign's rule for the category says so
	NeedDay       Need = "day"
	NeedOutcome   Need = "outcome"
	NeedInTime    Need = "in_time" // before the deadline
)

// Name is the need in Chinese.
func (n Need) Name() string {
	return map[Need]string{NeedReason: "理由", NeedUnit: "牵头单位", NeedOtherUnit: "另一个牵头单位", NeedCase: "并入的案件", NeedText: "情况说明", NeedPhotos: "照片（本类案件要求时）",
		NeedDay: "日期", NeedOutcome: "结论", NeedInTime: "到期前提出"}[n]
}

// Condition is what must hold of the case beside its step.
type Condition string

// The conditions.
const (
	Always       Condition = ""
	FirstReturn  Condition = "first_return"  // it was never given back
	SecondReturn Condition = "second_return" // it was given back once: a coordinator decides
	NotAsking    Condition = "not_asking"    // no extension waits for an answer
	AskingMore   Condition = "asking"        // one does
)

// Name is the condition in Chinese.
func (c Condition) Name() string {
	return map[Condition]string{Always: "", FirstReturn: "第一次退单", SecondReturn: "第二次退单", NotAsking: "没有待批的延期", AskingMore: "有待批的延期"}[c]
}

func (c Condition) holds(x Case) bool {
	switch c {
	case Always:
		return true
	case FirstReturn:
		return x.Returns == 0
	case SecondReturn:
		return x.Returns == 1
	case NotAsking:
		return x.Asking == ""
	case AskingMore:
		return x.Asking != ""
	}
	return false
}

// Transition is one row of the pipeline.
type Transition struct {
	Verb  Verb
	From  Step
	To    Step
	Who   []Role
	Needs []Need
	When  Condition
	Clock Hand // whose clock runs afterwards
}

// rows makes a row for each step that a verb starts from.
func rows(verb Verb, from []Step, t Transition) (list []Transition) {
	for _, step := range from {
		t.Verb, t.From = verb, step
		list = append(list, t)
	}
	return list
}

// stays makes a row for each step at which a verb changes neither step nor clock.
func stays(verb Verb, from []Step, t Transition) (list []Transition) {
	for _, step := range from {
		t.Verb, t.From, t.To, t.Clock = verb, step, step, handAt[step]
		list = append(list, t)
	}
	return list
}

// handAt is whose clock runs at each step.
var handAt = map[Step]Hand{Registered: Office, Accepted: Office, Dispatched: Unit, Rectifying: Unit, Returning: Office, Coordinating: Coordinator,
	Deferring: Leader, Deferred: Unit, Responded: Verifier}

// Transitions is the pipeline. A unit's clock starts at the dispatch, not at the acknowledgement.
var Transitions = join(
	rows(Register, []Step{Start}, Transition{To: Registered, Who: []Role{AnyMember}, Needs: []Need{NeedText}, Clock: Office}),
	rows(Accept, []Step{Registered}, Transition{To: Accepted, Who: []Role{OfOffice}, Clock: Office}),
	rows(Decline, []Step{Registered, Accepted, Returning}, Transition{To: Declined, Who: []Role{OfOffice}, Needs: []Need{NeedReason}}),
	rows(Decline, []Step{Coordinating}, Transition{To: Declined, Who: []Role{Coordinates}, Needs: []Need{NeedReason}}),
	rows(Object, []Step{Declined}, Transition{To: Registered, Who: []Role{Finder}, Needs: []Need{NeedReason}, Clock: Office}),
	rows(Merge, []Step{Registered, Accepted}, Transition{To: Merged, Who: []Role{OfOffice}, Needs: []Need{NeedCase}}),
	rows(Dispatch, []Step{Registered}, Transition{To: Dispatched, Who: []Role{OfOffice, FinderInspec}, Needs: []Need{NeedUnit}, Clock: Unit}),
	rows(Dispatch, []Step{Accepted}, Transition{To: Dispatched, Who: []Role{OfOffice}, Needs: []Need{NeedUnit}, Clock: Unit}),
	rows(Acknowledge, []Step{Dispatched}, Transition{To: Rectifying, Who: []Role{LeadUnit}, Clock: Unit}),
	rows(Respond, []Step{Dispatched, Rectifying, Deferred}, Transition{To: Responded, Who: []Role{LeadUnit}, Needs: []Need{NeedText, NeedPhotos}, Clock: Verifier}),
	rows(Return, []Step{Dispatched, Rectifying}, Transition{To: Returning, Who: []Role{LeadUnit}, Needs: []Need{NeedReason}, When: FirstReturn, Clock: Office}),
	rows(Return, []Step{Dispatched, Rectifying}, Transition{To: Coordinating, Who: []Role{LeadUnit}, Needs: []Need{NeedReason}, When: SecondReturn, Clock: Coordinator}),
	rows(Redirect, []Step{Returning}, Transition{To: Dispatched, Who: []Role{OfOffice}, Needs: []Need{NeedOtherUnit, NeedReason}, Clock: Unit}),
	rows(Redirect, []Step{Coordinating}, Transition{To: Dispatched, Who: []Role{Coordinates}, Needs: []Need{NeedOtherUnit, NeedReason}, Clock: Unit}),
	rows(RefuseReturn, []Step{Returning}, Transition{To: Rectifying, Who: []Role{OfOffice}, Needs: []Need{NeedReason}, Clock: Unit}),
	rows(RefuseReturn, []Step{Coordinating}, Transition{To: Rectifying, Who: []Role{Coordinates}, Needs: []Need{NeedReason}, Clock: Unit}),
	rows(AskExtension, []Step{Rectifying}, Transition{To: Rectifying, Who: []Role{LeadUnit}, Needs: []Need{NeedReason, NeedDay, NeedInTime}, When: NotAsking, Clock: Unit}),
	rows(GrantExtension, []Step{Rectifying}, Transition{To: Rectifying, Who: []Role{OfOffice}, When: AskingMore, Clock: Unit}),
	rows(RefuseExtension, []Step{Rectifying}, Transition{To: Rectifying, Who: []Role{OfOffice}, Needs: []Need{NeedReason}, When: AskingMore, Clock: Unit}),
	rows(AskDeferral, []Step{Rectifying, Deferred}, Transition{To: Deferring, Who: []Role{LeadUnit}, Needs: []Need{NeedReason, NeedDay}, Clock: Leader}),
	rows(GrantDeferral, []Step{Deferring}, Transition{To: Deferred, Who: []Role{Leads}, Clock: Unit}),
	rows(RefuseDeferral, []Step{Deferring}, Transition{To: Rectifying, Who: []Role{Leads}, Needs: []Need{NeedReason}, Clock: Unit}),
	rows(Resume, []Step{Deferred}, Transition{To: Rectifying, Who: []Role{OfOffice, LeadUnit}, Clock: Unit}),
	rows(SendBack, []Step{Responded}, Transition{To: Rectifying, Who: []Role{OfVerifiers}, Needs: []Need{NeedReason}, Clock: Unit}),
	rows(Close, []Step{Responded}, Transition{To: Closed, Who: []Role{OfVerifiers}, Needs: []Need{NeedOutcome}}),
	rows(Reopen, []Step{Closed}, Transition{To: Dispatched, Who: []Role{Finder, Inspector, OfOffice}, Needs: []Need{NeedReason}, Clock: Unit}),
	stays(Escalate, []Step{Registered, Accepted, Dispatched, Rectifying, Returning, Coordinating, Deferring, Deferred, Responded},
		Transition{Who: []Role{TheProgram}}),
)

func join(groups ...[]Transition) (all []Transition) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// rowFor finds the row by which a verb can be taken where a case stands.
func rowFor(c Case, verb Verb) (Transition, bool) {
	for _, t := range Transitions {
		if t.Verb == verb && t.From == c.Step && t.When.holds(c) {
			return t, true
		}
	}
	return Transition{}, false
}
