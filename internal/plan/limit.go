package plan

import "strings"

// Measures of a limit, as internal/calendar names them.
const (
	LimitHours    = "hours"
	LimitWorkdays = "workdays"
	LimitDays     = "days"
)

// Limit says how long a unit has to put right what it was told to (整改时限).
type Limit struct {
	N       int    `json:"n"`
	Measure string `json:"measure"` // workdays, days, hours
	Text    string `json:"text"`    // the sentence, as read
	Lines   Lines  `json:"lines"`
}

const howLong = `([\d０-９一二两三四五六七八九十百]{1,4})\s*个?\s*(工作日|自然日|日|天|小时)`

var (
	// 责任单位自收到督办单之日起5个工作日内报送整改情况。
	sinceReceipt = lazy(`(?:收到|接到|接|下发|印发|下达|送达|发出)([^，,。；;：:]{0,20}?)[，,]?` + howLong + `(?:之|以)?内(.*)`)
	// 对督查发现的问题，限期7日整改。
	setTerm = lazy(`限期?(?:在|于)?` + howLong + `(?:之|以)?内?(?:限期)?(?:完成|予以|进行|全部)?(?:整改|纠正|改正)`)

	onlySince    = lazy(`^(?:之?日起|之日|当日|后|起)?$`)
	demand       = lazy(`督办|交办|转办|整改通知|整改函|问题清单|派单|派遣|通报|案件`)        // what is received
	puttingRight = lazy(`整改|反馈|办结|办理|处理|处置|解决|回复|答复|销号|纠正|改正|报送|落实`) // what is done within the time
	otherWork    = lazy(`^[^，,]*(?:签收|受理|派发|转派|制定|制订|拟定|申诉|异议|退回|退单|复核|公示|核查|验收|方案|计划|批转)`)
	ofUnits      = lazy(`督查|督导|督办|检查|暗访|巡查|交办|通报|责任单位|成员单位|各单位|部门`)
	ofOthers     = lazy(`商户|经营户|经营者|业主|店|企业|摊|个人|场所|市场主体|当事人`)
)

// limitsOf reads the plan's own rule for putting right, where it has one. What the sentence says of another piece of
// work (签收, 制定方案), or demands of shops and not of units, is none.
func limitsOf(paras []Paragraph) []Limit {
	var out []Limit
	for _, p := range paras {
		at := 0
		for _, s := range sentences(p.Text) {
			off := strings.Index(p.Text[at:], s)
			if off < 0 {
				continue
			}
			at += off
			if n, measure, ok := limitIn(s); ok {
				out = append(out, Limit{N: n, Measure: measure, Text: s, Lines: p.slice(at, at+len(s)).Lines})
			}
		}
	}
	return out
}

func limitIn(s string) (n int, measure string, ok bool) {
	if at := sinceReceipt().FindStringSubmatchIndex(s); at != nil {
		what, then := s[at[2]:at[3]], s[at[8]:at[9]]
		if onlySince().MatchString(what) {
			what = s[:at[0]] // 督办单下发之日起
		}
		if demand().MatchString(what) && puttingRight().MatchString(then) && !otherWork().MatchString(then) {
			return length(s[at[4]:at[5]], s[at[6]:at[7]])
		}
	}
	if m := setTerm().FindStringSubmatch(s); m != nil && ofUnits().MatchString(s) && !ofOthers().MatchString(s) {
		return length(m[1], m[2])
	}
	return 0, "", false
}

// length reads 5个工作日, 十五日, 24小时.
func length(count, word string) (n int, measure string, ok bool) {
	if n = number(count); n < 1 || n > 720 {
		return 0, "", false
	}
	return n, map[string]string{"工作日": LimitWorkdays, "小时": LimitHours, "日": LimitDays, "天": LimitDays, "自然日": LimitDays}[word], true
}
