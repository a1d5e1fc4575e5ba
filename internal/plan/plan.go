// Package plan reads the official plan (方案) of a campaign: official text in, a Plan value out.
// It is pure: no database, no network, no clock. No stage of it knows a city.
package plan

// Lines is the first and last line, counted from 1 in the source text, that something was read from.
// The zero value means that nothing in the text stands for it.
type Lines [2]int

// Plan is an official plan as read: a value with line spans, no behaviour.
// Its JSON form is a stable contract; other programs read it. A field with nothing in it is empty, never guessed.
type Plan struct {
	Title          string       `json:"title"`           // of the notice (关于印发…的通知), or of the plan where there is no notice
	PlanTitle      string       `json:"plan_title"`      // of the plan inside the notice; "" where they are one
	DocumentNumber string       `json:"document_number"` // as printed: 临政办发〔2023〕24号
	Issuer         string       `json:"issuer"`          // who signs; several joined by 、
	IssuedOn       string       `json:"issued_on"`       // 2023-06-28
	PrintedOn      string       `json:"printed_on"`      // of the 印发 line
	Addressees     []string     `json:"addressees"`
	CC             []string     `json:"cc"`
	Outline        []Heading    `json:"outline"`
	Actions        []Action     `json:"actions"`
	Tasks          []Task       `json:"tasks"`
	Phases         []Phase      `json:"phases"`
	Bodies         []Body       `json:"bodies"`
	Obligations    []Obligation `json:"obligations"`
	Indicators     []Indicator  `json:"indicators"`
	Limits         []Limit      `json:"limits"` // for putting right what was found
	Findings       []Finding    `json:"findings"`
}

// Heading is one entry of the outline with the paragraphs that belong to it alone.
type Heading struct {
	Number   string    `json:"number"` // as normalised: 三, (一), 1, 附件2
	Title    string    `json:"title"`
	Path     string    `json:"path"` // 三/(一)/1: half-width brackets, digits as printed
	Text     string    `json:"text"` // the running text below the title, mended; not that of children
	Lines    Lines     `json:"lines"`
	Children []Heading `json:"children"`
}

// Action is a special action (专项行动): a part of the plan that holds tasks.
type Action struct {
	Path  string `json:"path"`
	Name  string `json:"name"` // as printed: 健康教育和健康促进专项行动
	Lines Lines  `json:"lines"`
}

// Task is one piece of work the plan hands out.
type Task struct {
	Path             string           `json:"path"`
	Action           string           `json:"action"` // the path of its Action, or ""
	Name             string           `json:"name"`
	Text             string           `json:"text"` // whole, mended, without number and name
	LeadUnits        []string         `json:"lead_units"`
	SupportUnits     []string         `json:"support_units"`
	Deadline         string           `json:"deadline"` // 2017-12-31, or "" where the plan sets none
	Responsibilities []Responsibility `json:"responsibilities"`
	Lines            Lines            `json:"lines"`
}

// Responsibility is one bracket or line that says who answers for a passage of a task.
type Responsibility struct {
	Role  string   `json:"role"` // as printed: 牵头, 配合, 参与, 负责, 指导, 协助, 落实, 责任
	Units []string `json:"units"`
	Scope string   `json:"scope"` // the sentence it stands for; "" for the whole task
	Lines Lines    `json:"lines"`

	labelled bool // named by a label (责任单位：), not by a verb
	assists  bool // 责任单位 beside a 牵头单位: it answers under the leader
}

// Phase is a stage of the campaign. Months are written 2023-07; an open end is "".
type Phase struct {
	Name  string `json:"name"`
	Start string `json:"start"`
	End   string `json:"end"`
	Text  string `json:"text"`
	Lines Lines  `json:"lines"`
}

// Body kinds.
const (
	LeadingGroup    = "leading_group"
	Office          = "office"
	Section         = "section"
	WorkGroup       = "work_group"
	InspectionGroup = "inspection_group"
)

// Body is a group that the plan sets up.
type Body struct {
	Name         string        `json:"name"`
	Kind         string        `json:"kind"`
	Sections     []string      `json:"sections"` // named parts without a roster of their own
	Lines        Lines         `json:"lines"`
	Appointments []Appointment `json:"appointments"`
	Duties       []Duty        `json:"duties"`
}

// Appointment is a person in a Body in a role.
type Appointment struct {
	Role  string `json:"role"` // 组长, 副组长, 成员, 主任, 召集人 …
	Name  string `json:"name"` // without inner spaces
	Post  string `json:"post"` // as printed: 市公安局交警支队副支队长
	Unit  string `json:"unit"` // 市公安局交警支队; the title is what remains of the post
	Lines Lines  `json:"lines"`
}

// Duty is a numbered duty (主要职责) of a Body.
type Duty struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
	Lines  Lines  `json:"lines"`
}

// Obligation says who owes what to whom how often.
type Obligation struct {
	Who     []string `json:"who"`
	What    string   `json:"what"`
	Cadence string   `json:"cadence"` // monthly, quarterly, half_yearly, yearly, weekly, daily, regular, once
	To      string   `json:"to"`
	Lines   Lines    `json:"lines"`
}

// Indicator is a measure with a target.
type Indicator struct {
	Name       string `json:"name"`
	Comparator string `json:"comparator"` // >=, <=, >, <, =, falling, rising, none (must not happen)
	Value      string `json:"value"`      // as a decimal or a named grade: 38.5, 二类标准
	Unit       string `json:"unit"`
	Path       string `json:"path"` // of the task, or body path of the duty, it stands in
	Lines      Lines  `json:"lines"`
}

// Finding severities.
const (
	Info    = "info"    // the reader mended or noticed something; nothing to decide
	Warning = "warning" // the drafter should look
	Grave   = "error"   // the plan contradicts itself
)

// Finding is one result of the check-up (方案体检) or one mend of the reader.
type Finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"` // one Chinese sentence a drafter can act on
	Lines    Lines  `json:"lines"`
}

// Asks reports whether a finding of this severity wants an answer: what the reader mended wants none.
func Asks(severity string) bool { return severity != Info }

// Source is the official text as lines, before anything is read into it.
type Source struct {
	Name   string   // file name, for messages
	Format string   // txt, docx, pdf
	Lines  []string // line n of the contract is Lines[n-1]
}

// Text joins the lines as the source text that line numbers refer to.
func (s Source) Text() string { return join(s.Lines) }

func join(lines []string) string {
	var n int
	for _, l := range lines {
		n += len(l) + 1
	}
	b := make([]byte, 0, n)
	for _, l := range lines {
		b = append(append(b, l...), '\n')
	}
	return string(b)
}
