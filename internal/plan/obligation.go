package plan

import "strings"

// A cadence in the words of a plan.
var (
	cadenceWord  = lazy(`每半个?月|每个?月|按月|每季度|每个季度|每季|按季度?|每半年|半年|每年|每周|每日|每天|每两周|每旬|定期或不定期|定期不定期|定期|及时向|[月季周年]通报|[月季周年]调度|[月季周年]报告|[月季周年]报制度|[月季周年]评价|[月季周年]例会|[月季周年]考核`)
	owedWork     = lazy(`报送|上报|报告|汇报|通报|例会|会议|考核|评估|评价|书面|总结|督查|检查|自查|暗访|调查|调度|简报|备案|会商|研判|报[^，。；]{2,20}(?:办公室|小组|政府|局|委|会议|组|办|股|科)|报表`)
	dueDay       = lazy(`^(?:第?[一二三四五六日末\d]{1,2}[月周]?)?(?:末月?)?(?:\d{1,2}[日号])?(?:上午|下午)?(?:\d{1,2}[时点](?:\d{1,2}分)?)?(?:下班)?(?:之?前|以前)?`)
	classOfUnits = lazy(`^(?:各|全体|市直|县直|区直)[\p{Han}（）]{1,12}?(?:成员单位|责任单位|单位|部门|政府|街道|乡镇|学校)`)
	receiverTo   = lazy(`向([^，。；、]{2,24}?)(?:书面)?(?:报送|报告|汇报|上报|通报|反馈|报)`)
	receiverOf   = lazy(`(?:报送至|报送给|上报至|报送|上报|报至|报给|报)((?:市|县|区|省|州|镇)?[\p{Han}（）()“”"]{0,22}?(?:领导小组办公室|联席会议办公室|指挥部办公室|办公室|领导小组|联席会议|指挥部|专班|人民政府|政府|工作组|局|委|办|股|科))(?:备案|审核|审定|汇总|审批|研究)?$`)
)

func cadenceOf(word string) string {
	switch {
	case strings.Contains(word, "半月"), strings.Contains(word, "半个月"):
		return "regular"
	case strings.Contains(word, "半年"):
		return "half_yearly"
	case strings.Contains(word, "月"):
		return "monthly"
	case strings.Contains(word, "季"):
		return "quarterly"
	case strings.Contains(word, "年"):
		return "yearly"
	case strings.Contains(word, "周"):
		return "weekly"
	case strings.Contains(word, "日"), strings.Contains(word, "天"):
		return "daily"
	default:
		return "regular"
	}
}

// obligationsOf reads who owes what to whom how often: from the running text of the plan and from duties, which
// bind the body they belong to.
func obligationsOf(root *node, bodies []Body, duties map[*node]bool) []Obligation {
	var out []Obligation
	root.walk(func(n *node) {
		if duties[n] {
			return
		}
		for _, p := range n.paras {
			out = append(out, owedIn(p, nil)...)
		}
	})
	for _, b := range bodies {
		for _, d := range b.Duties {
			p := newParagraph(d.Text, d.Lines[0])
			for _, o := range owedIn(p, []string{b.Name}) {
				o.Lines = d.Lines
				out = append(out, o)
			}
		}
	}
	return out
}

// owedIn reads the obligations of one paragraph; body binds those whose sentence names nobody.
func owedIn(p Paragraph, body []string) []Obligation {
	var out []Obligation
	if len(roleLabels(p.Text)) > 0 {
		return nil
	}
	at := 0
	for _, s := range sentences(p.Text) {
		off := strings.Index(p.Text[at:], s)
		if off < 0 {
			continue
		}
		at += off
		list := owedInSentence(strings.TrimRight(s, "。；;！"), body)
		for i := range list {
			list[i].Lines = p.slice(at, at+len(s)).Lines
		}
		out = append(out, list...)
	}
	return out
}

func owedInSentence(s string, body []string) []Obligation { //nolint:gocognit // one clause after another
	if !cadenceWord().MatchString(s) {
		return nil
	}
	who := body
	if subject := subjectOf(s); len(subject) > 0 {
		who = subject
	} else if m := classOfUnits().FindString(s); m != "" && len(body) == 0 {
		who = []string{m}
	}
	var out []Obligation
	to := ""
	for _, clause := range splitTop(s, "，,") {
		loc := cadenceWord().FindStringIndex(clause)
		if loc == nil {
			// …，并进行工作总结、点评，报领导小组
			if r := receiver(clause); r != "" && len(out) > 0 && out[len(out)-1].To == "" {
				out[len(out)-1].To = r
			}
			continue
		}
		if strings.HasSuffix(clause[:loc[0]], "不") {
			continue
		}
		what := trim(clause[loc[1]:])
		if strings.HasPrefix(clause[loc[0]:], "及时向") {
			if what = "向" + what; receiver(what) == "" {
				continue
			}
		}
		if compact := clause[loc[0]:loc[1]]; hasAnySuffix(compact, "通报", "调度", "报告", "评价", "例会", "考核", "制度") {
			what = compact + what
		}
		if !owedWork().MatchString(what) || hasAnySuffix(clause[:loc[0]], "上", "本", "其") {
			continue
		}
		r := receiver(what)
		if r != "" {
			to = r
		}
		if len(who) == 0 && (r == "" || len(out) > 0) {
			continue // a rule without anybody it binds
		}
		o := Obligation{Who: who, What: owedText(what), Cadence: cadenceOf(clause[loc[0]:loc[1]]), To: r}
		if o.To == "" && strings.Contains(what, "报送") {
			o.To = to
		}
		out = append(out, o)
	}
	return out
}

// subjectOf is who the sentence binds: the units before 要, 应, 须, 将 or the time.
func subjectOf(s string) []string {
	head := s
	for _, w := range []string{"要", "应当", "应", "须", "需", "将", "负责", "每", "定期", "按月", "按季", "于"} {
		if i := strings.Index(head, w); i > 0 {
			head = head[:i]
		}
	}
	if len(head) == len(s) {
		return nil
	}
	if i := strings.LastIndexAny(head, "，,"); i >= 0 && !strings.Contains(head, "、") {
		head = head[:i]
	}
	list := unitList(strings.TrimPrefix(strings.TrimRight(head, "，, "), "请"))
	if len(list) == 0 || !allUnits(list) {
		return nil
	}
	return list
}

func receiver(clause string) string {
	if m := receiverTo().FindStringSubmatch(clause); m != nil && !strings.HasPrefix(m[1], "社会") {
		return trim(m[1])
	}
	if m := receiverOf().FindStringSubmatch(clause); m != nil {
		return trim(m[1])
	}
	return ""
}

// owedText is what is owed without the words that say to whom.
func owedText(what string) string {
	what = dueDay().ReplaceAllString(trim(what), "")
	if m := receiverTo().FindStringSubmatchIndex(what); m != nil && m[0] == 0 {
		what = strings.TrimPrefix(what, what[:m[3]])
	}
	what = dueDay().ReplaceAllString(trim(what), "")
	return strings.Trim(strings.TrimLeft(trim(what), "要应须，, "), "“”")
}
