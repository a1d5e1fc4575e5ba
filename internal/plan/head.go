package plan

import "slices"

import "strings"

// document is the text parted into what stands around the plan and the plan itself.
type document struct {
	title, planTitle, number string
	titleLines               Lines
	issuers                  []string
	issuedOn, printedOn      string
	addressees, cc           []string
	issuedLines, printLines  Lines
	notice                   []Paragraph // 《…》已经…同意，现印发给你们
	body                     []Paragraph
	annexList                []string // the annexes that the notice or plan announces
	annexListLines           Lines
	annexIsPlan              bool // the first annex is the plan itself
}

var documentNumber = lazy(`[\p{Han}A-Za-z×*]{1,14}\s*[〔\[【(（﹝［]\s*(?:19|20)\d\d\s*[〕\]】)）﹞］]\s*第?\s*[\d－—-]{1,6}\s*号`)

// isDocumentNumber reports that a line is a document number, in brackets or not, and nothing else.
func isDocumentNumber(s string) bool {
	if len(s) > 120 {
		return false
	}
	if i := strings.Index(s, "签发人"); i > 0 {
		s = s[:i]
	}
	loc := documentNumber().FindStringIndex(s)
	return loc != nil && runeLen(trim(strings.Trim(s[:loc[0]]+s[loc[1]:], "（）() 　"))) == 0
}

// documentOf parts the paragraphs of a file.
func documentOf(ps []Paragraph) document {
	var d document
	ps = d.takeTail(ps)
	ps = d.takeTitle(ps)
	ps = d.takeNotice(ps)
	d.body = d.takeSignature(ps)
	if len(d.issuers) == 0 {
		d.issuers = issuersOfTitle(d.title)
	}
	return d
}

var printLine = lazy(`^(.*?)(\d{4}年\d{1,2}月\d{1,2}日)\s*印(?:发|制|刷)?$`)

// takeTail takes away 抄送, 印发 and the lines around them.
func (d *document) takeTail(ps []Paragraph) []Paragraph {
	var out []Paragraph
	for i := range ps {
		t := squeeze(ps[i].Text)
		switch {
		case hasAnyPrefix(t, "抄送：", "抄送:", "抄报：", "抄报:", "分送：", "分送:"):
			list := t[len("抄送"):]
			d.cc = append(d.cc, splitTop(strings.Trim(strings.TrimLeft(list, "：:"), "。"), "，,；;。")...)
		case printLine().MatchString(timeText(t)) && hasAnySuffix(t, "印发", "印") || strings.HasSuffix(t, "印发") && anyDate().MatchString(timeText(t)) && runeLen(t) < 45:
			d.printedOn = firstDate(anyDate(), timeText(t))
			d.printLines = ps[i].Lines
			if n := len(out); n > 0 && issuerLike(out[n-1].Text) && (n < 2 || !issuerLike(out[n-2].Text)) && len(d.cc) > 0 {
				out = out[:n-1]
			}
		case hasAnyPrefix(t, "主题词：", "主题词:", "（此件", "(此件", "此件公开", "信息公开选项", "公开方式", "（公开属性", "（公开", "【打印", "（共印", "(共印", "责任编辑", "信息来源"):
		default:
			out = append(out, ps[i])
		}
	}
	return out
}

// titleWords end the titles of official papers.
var titleWords = []string{"通知", "意见", "方案", "办法", "决定", "规定", "函", "批复", "公告", "通告", "细则", "规划", "计划", "要点", "通报", "报告", "纲要", "预案", "请示", "规则", "制度", "章程", "措施", "安排", "行动", "清单"}

func endsAsTitleOfPaper(s string) bool {
	s = squeeze(s)
	if i := strings.LastIndexAny(s, "（("); i > 0 && hasAnySuffix(s, "）", ")") {
		s = s[:i]
	}
	if containsAny(s, "关于印发", "关于转发", "关于批转", "关于下发") {
		return hasAnySuffix(s, "通知", "函", "公告", "批复")
	}
	return hasAnySuffix(s, titleWords...)
}

var metaLabel = lazy(`^[【\[]?(索引号|发文字号|发布机构|发文机关|成文日期|发布日期|发文日期|主题分类|主题词|信息分类|文号|名称|标题|有效性|来源|签发人|时效|公文种类|组配分类|生成日期|信息索取号|密级|保密期限|紧急程度)[】\]]?\s*[：:]`)

// takeTitle reads the letterhead, the number before or after the title, and the title over its lines.
func (d *document) takeTitle(ps []Paragraph) []Paragraph { //nolint:gocognit,gocyclo // one line after another, each asked what it is
	var parts []string
	i := 0
	for ; i < len(ps) && i < 25; i++ {
		t := ps[i].Text
		done := len(parts) > 0 && endsAsTitleOfPaper(strings.Join(parts, ""))
		if m := metaLabel().FindString(squeeze(t)); m != "" {
			d.takeNumber(t)
			continue
		}
		if isDocumentNumber(t) {
			d.takeNumber(t)
			continue
		}
		if day := dayOf(t); day != "" {
			d.setIssued(day, ps[i].Lines)
			continue
		}
		if _, rest, ok := readAnnex(t); ok && rest == "" && len(parts) == 0 {
			continue // a file that is an annex alone
		}
		s := squeeze(t)
		if strings.Join(parts, "") == s {
			continue // the page's heading, and the title once more
		}
		if strings.HasSuffix(s, "文件") && !strings.Contains(s, "关于") && runeLen(s) < 60 {
			parts, d.titleLines = nil, Lines{} // what stood before was the letterhead
			continue
		}
		if len(parts) == 0 && (strings.HasSuffix(s, "文件") && runeLen(s) < 60 || endsAsUnit(s) && runeLen(s) < 40 && nextIsNumber(ps[i+1:])) {
			continue
		}
		if done && !continuesTitle(s) {
			break
		}
		if m, _, ok := readMarker(t); ok && !m.weak || strings.HasSuffix(t, "。") || runeLen(s) > 90 || isAddressee(t) || len(parts) >= 16 {
			break
		}
		if len(roleLabels(t)) > 0 || len(parts) > 0 && strings.ContainsRune(t, '\t') {
			break
		}
		if num := documentNumber().FindString(t); num != "" && hasAnySuffix(trim(t), "）", ")") && strings.Contains(t, "关于") {
			d.number = cleanNumber(num)
			before, _, _ := strings.Cut(t, num)
			t = strings.TrimRight(before, "（( 　")
			s = squeeze(t)
		}
		parts = append(parts, s)
		d.titleLines = span(d.titleLines, ps[i].Lines)
	}
	d.title = strings.Join(parts, "")
	return ps[i:]
}

// continuesTitle lets a line like 的通知 or （试行） belong to a title that seemed complete.
func continuesTitle(s string) bool {
	return hasAnyPrefix(s, "的通知", "的意见", "的决定", "的实施", "（试行", "(试行", "（征求意见", "（暂行", "（20") && runeLen(s) < 16
}

func nextIsNumber(ps []Paragraph) bool {
	return len(ps) > 0 && isDocumentNumber(ps[0].Text)
}

func (d *document) takeNumber(s string) {
	if num := documentNumber().FindString(s); num != "" && d.number == "" {
		d.number = cleanNumber(num)
	}
}

func cleanNumber(s string) string { return strings.Trim(squeeze(s), "（(：:") }

func (d *document) setIssued(day string, lines Lines) {
	d.issuedOn, d.issuedLines = day, lines
}

// isAddressee reports 各县(市、区)人民政府…，市直有关部门：.
func isAddressee(s string) bool {
	s = trim(s)
	if !hasAnySuffix(s, "：", ":") || runeLen(s) > 400 || strings.ContainsAny(s, "。；“") {
		return false
	}
	if m, _, ok := readMarker(s); ok && m.kind != noMarker {
		return false
	}
	return hasAnyPrefix(s, "各", "市", "县", "区", "省", "有关", "机关", "委", "局") && endsAsAddressee(s) ||
		containsAny(s, "人民政府", "各部门", "各单位", "管委会", "直属机构", "有关单位", "街道办事处")
}

func endsAsAddressee(s string) bool {
	s = strings.TrimRight(s, "：:")
	return endsAsUnit(s) || hasAnySuffix(s, "机构", "单位", "部门", "人员", "成员", "高校", "科室", "企业")
}

// takeNotice reads the addressees, and where a signed notice stands before the plan, that notice and the plan's title.
func (d *document) takeNotice(ps []Paragraph) []Paragraph {
	i := 0
	for i < len(ps) && i < 6 {
		t := ps[i].Text
		switch {
		case isDocumentNumber(t):
			d.takeNumber(t)
		case dayOf(t) != "":
			d.setIssued(dayOf(t), ps[i].Lines)
		case isAddressee(t) && len(d.addressees) == 0:
			d.addressees = addressees(t)
		default:
			return d.takeNoticeBody(ps, i)
		}
		i++
	}
	return d.takeNoticeBody(ps, i)
}

// takeNoticeBody reads the notice that begins at ps[i], its signature, and the title of the plan after it.
func (d *document) takeNoticeBody(ps []Paragraph, i int) []Paragraph {
	head := i
	first := firstHeading(ps)
	for j := i; j < len(ps) && j < first; j++ {
		if day, issuers, from := signatureAt(ps, j, head); day != "" {
			d.setIssued(day, ps[j].Lines)
			d.issuers = issuers
			d.notice = d.takeAnnexList(ps[i:from])
			return d.takePlanTitle(ps[j+1:])
		}
	}
	for j := i; j < first && j < len(ps) && j < i+6; j++ {
		if planTitleAt(ps[j:]) > 0 && (j > i || strings.Contains(d.title, "印发")) {
			d.notice = ps[i:j]
			return d.takePlanTitle(ps[j:])
		}
	}
	return ps[i:]
}

func addressees(s string) []string {
	s = strings.TrimRight(squeeze(s), "：:")
	list := splitTop(s, "，,；;")
	if len(list) == 1 {
		parts := splitTop(s, "、")
		whole := true
		for _, p := range parts {
			whole = whole && runeLen(p) >= 3 && hasAnyPrefix(p, "各", "市", "县", "区", "省", "有关", "驻", "机关")
		}
		if whole {
			return parts
		}
	}
	return list
}

// firstHeading is the index of the first 一、 or 第一章, or the first roster, or the end.
func firstHeading(ps []Paragraph) int {
	for i, p := range ps {
		if labels := roleLabels(p.Text); len(labels) > 0 && labels[0].from == 0 {
			return i
		}
		if m, _, ok := readMarker(p.Text); ok && !m.weak && m.kind <= hanMark {
			return i
		}
	}
	for i, p := range ps {
		if m, _, ok := readMarker(p.Text); ok && !m.weak {
			return i
		}
	}
	return len(ps)
}

// signatureAt reads a signature whose date stands at ps[j]: the day, the issuers above it, and where it begins.
func signatureAt(ps []Paragraph, j, floor int) (day string, issuers []string, from int) {
	t := timeText(ps[j].Text)
	if day = dayOf(ps[j].Text); day == "" {
		// issuer and date on one line
		loc := anyDate().FindStringIndex(t)
		if loc == nil || loc[1] != len(trim(t)) || !issuerLike(t[:loc[0]]) {
			return "", nil, 0
		}
		return firstDate(anyDate(), t), issuerNames(t[:loc[0]]), j
	}
	from = j
	for from > floor && issuerLike(ps[from-1].Text) && j-from < 8 {
		from--
		issuers = append(issuerNames(ps[from].Text), issuers...)
	}
	if hasAnyPrefix(ps[j].Text, "（", "(") && len(issuers) == 0 {
		return "", nil, 0
	}
	return day, issuers, from
}

// issuerNames parts issuers that stand side by side on one line.
func issuerNames(s string) []string {
	fields := strings.FieldsFunc(s, isSpace)
	for _, f := range fields {
		if runeLen(f) < 4 || !endsAsUnit(f) {
			return []string{squeeze(s)}
		}
	}
	return fields
}

func issuerLike(s string) bool {
	s = trim(s)
	if n := runeLen(s); n < 3 || n > 70 || strings.ContainsAny(s, "。，,；;：:、“”《》0123456789") {
		return false
	}
	if m, _, ok := readMarker(s); ok && m.kind != noMarker {
		return false
	}
	if _, _, ok := readAnnex(s); ok {
		return false
	}
	return endsAsUnit(squeeze(s)) && !readsAsEntry(s) && !hasAnySuffix(squeeze(s), "小组", "工作组") || strings.HasSuffix(squeeze(s), "领导小组办公室")
}

// planTitleAt returns how many paragraphs at the start of ps make the title of a plan, 0 if they do not.
func planTitleAt(ps []Paragraph) int {
	var joined strings.Builder
	for i := 0; i < len(ps) && i < 4; i++ {
		t := squeeze(ps[i].Text)
		if m, _, ok := readMarker(ps[i].Text); ok && !m.weak || hasAnySuffix(t, "。", "；", "：", ":", "，") || runeLen(t) > 60 || isDateLine(t) || len(roleLabels(ps[i].Text)) > 0 {
			return 0
		}
		if _, _, ok := readAnnex(ps[i].Text); ok {
			return 0
		}
		joined.WriteString(t)
		if endsAsTitleOfPaper(joined.String()) {
			return i + 1
		}
	}
	return 0
}

// takePlanTitle reads the title of the plan behind the notice.
func (d *document) takePlanTitle(ps []Paragraph) []Paragraph {
	start := 0
	if len(ps) > 0 {
		if _, rest, ok := readAnnex(ps[0].Text); ok && rest == "" && planTitleAt(ps[1:]) > 0 && firstHeading(ps) < len(ps) && containsAny(titleText(ps[1:]), "方案", "意见", "计划", "要点", "办法", "规划", "细则") {
			start = 1
		}
	}
	n := planTitleAt(ps[start:])
	if n == 0 {
		return ps
	}
	d.planTitle = titleText(ps[start:])
	ps = ps[start+n:]
	if start > 0 {
		d.annexIsPlan = true
	}
	for len(ps) > 0 && (isDateLine(ps[0].Text) || hasAnyPrefix(ps[0].Text, "（试行", "（20", "(20", "（征求意见")) && runeLen(ps[0].Text) < 24 {
		if !isDateLine(ps[0].Text) && !strings.Contains(ps[0].Text, "月") {
			d.planTitle += squeeze(ps[0].Text)
		}
		ps = ps[1:]
	}
	return ps
}

func titleText(ps []Paragraph) string {
	return squeeze(text(ps[:planTitleAt(ps)]))
}

// takeSignature takes a signature that stands after the text, and the list of annexes before or after it.
func (d *document) takeSignature(ps []Paragraph) []Paragraph {
	if len(d.issuers) == 0 {
		for j, p := range slices.Backward(ps) {
			day, issuers, from := signatureAt(ps, j, 0)
			if day == "" || len(issuers) == 0 && j < len(ps)-1 {
				continue
			}
			d.setIssued(day, p.Lines)
			d.issuers = issuers
			ps = append(append([]Paragraph{}, ps[:from]...), ps[j+1:]...)
			break
		}
	}
	return d.takeAnnexList(ps)
}

// takeAnnexList takes away 附件：1．… 2．…, which only announces the annexes.
func (d *document) takeAnnexList(ps []Paragraph) []Paragraph {
	var out []Paragraph
	for i := 0; i < len(ps); i++ {
		m, rest, ok := readAnnex(ps[i].Text)
		if !ok || !announces(ps, i, m, rest) {
			out = append(out, ps[i])
			continue
		}
		d.annexListLines = span(d.annexListLines, ps[i].Lines)
		d.addAnnexNames(rest)
		for i+1 < len(ps) {
			item, after, ok := readMarker(ps[i+1].Text)
			if !ok || item.kind != digitMark || runeLen(after) > 60 || strings.Contains(after, "。") {
				break
			}
			d.addAnnexNames(ps[i+1].Text)
			i++
		}
	}
	return out
}

func (d *document) addAnnexNames(s string) {
	p := newParagraph(s, 1)
	for _, part := range (&outliner{root: &node{}, at: &node{}}).items(p) {
		_, rest, _ := readMarker(part.Text)
		if rest = strings.Trim(squeeze(rest), "。；;"); rest != "" {
			d.annexList = append(d.annexList, rest)
		}
	}
}

// announces decides whether 附件：… at ps[i] names annexes that follow later, or begins one itself.
func announces(ps []Paragraph, i int, m marker, rest string) bool {
	if rest == "" {
		// 附件： alone, then 1．… lines
		if i+1 < len(ps) {
			if item, after, ok := readMarker(ps[i+1].Text); ok && item.kind == digitMark && item.n == 1 && i+2 < len(ps) && laterAnnex(ps[i+2:]) && !strings.Contains(after, "。") {
				return true
			}
		}
		return false
	}
	return laterAnnex(ps[i+1:]) && !laterOnlyOthers(ps[i+1:], m) || !contentFollows(ps[i+1:])
}

// laterAnnex reports whether an annex begins later in the text.
func laterAnnex(ps []Paragraph) bool {
	for _, p := range ps {
		if _, _, ok := readAnnex(p.Text); ok {
			return true
		}
	}
	return false
}

// laterOnlyOthers reports that the annexes that follow all have another number: m itself begins here.
func laterOnlyOthers(ps []Paragraph, m marker) bool {
	if m.n == 0 {
		return false
	}
	for _, p := range ps {
		if later, _, ok := readAnnex(p.Text); ok && (later.n == m.n || later.n < m.n) {
			return false
		}
	}
	return contentFollows(ps)
}

func contentFollows(ps []Paragraph) bool {
	for _, p := range ps {
		m, rest, ok := readMarker(p.Text)
		if ok && m.kind == digitMark && runeLen(rest) < 60 && !strings.Contains(rest, "。") {
			continue
		}
		if !isDateLine(p.Text) && !issuerLike(p.Text) {
			return true
		}
	}
	return false
}

// issuersOfTitle is who issues a paper by its title: 市卫生健康委 市教育局关于….
func issuersOfTitle(title string) []string {
	i := strings.Index(title, "关于")
	if i <= 0 {
		return nil
	}
	if name := title[:i]; endsAsUnit(name) {
		return []string{name}
	}
	return nil
}
