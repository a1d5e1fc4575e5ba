package plan

import "strings"

// table is a table found in the text: tab-separated rows (as .docx tables come out) or one cell a line.
type table struct {
	header []string
	rows   []tableRow
}

type tableRow struct {
	cells []string
	lines Lines
}

var (
	leadHeader    = []string{"牵头单位", "牵头部门", "责任单位", "责任部门", "主责单位", "负责单位", "责任主体", "承办单位", "实施单位", "主办单位", "牵头责任单位", "责任科室"}
	supportHeader = []string{"配合单位", "参与单位", "协办单位", "配合部门", "参加单位", "协助单位", "参与部门", "协同单位"}
)

// tableIn finds the table among the paragraphs of a heading; nil if there is none.
func tableIn(paras []Paragraph) *table {
	for i, p := range paras {
		if cells := cellsOf(p.Text); len(cells) >= 2 && isHeader(cells) {
			return tabbed(p, cells, paras[i+1:])
		}
		if t := oneCellALine(paras[i:]); t != nil {
			return t
		}
	}
	return nil
}

// wideGap parts cells where a copy of a table kept only spaces.
var wideGap = lazy(`(?: {2,}|　+| 　| *　 *)`)

func cellsOf(s string) []string {
	if !strings.ContainsRune(s, '\t') {
		if wide := wideGap().Split(trim(s), -1); len(wide) >= 3 {
			return wide
		}
		return nil
	}
	cells := strings.Split(s, "\t")
	for i := range cells {
		cells[i] = trim(cells[i])
	}
	return cells
}

// isHeader reports the row that names the columns: whoever answers, or people with their posts.
func isHeader(cells []string) bool {
	known := 0
	for _, c := range cells {
		c = squeeze(c)
		if contains(leadHeader, c) || contains(supportHeader, c) || c == "姓名" {
			known += 2
		}
		if c == "序号" || hasAnySuffix(c, "任务", "内容", "时限", "职务", "单位", "事项", "措施", "项目", "时间", "部门") {
			known++
		}
	}
	return known >= 3 && len(cells) >= 3
}

func tabbed(head Paragraph, header []string, paras []Paragraph) *table {
	t := &table{header: header}
	var starts []int
	if !strings.ContainsRune(head.Text, '\t') {
		starts = columnStarts(head.Text)
	}
	for _, p := range paras {
		cells := cellsOf(p.Text)
		if starts != nil {
			cells = aligned(p.Text, starts)
		}
		if starts != nil && len(t.rows) > 0 && t.rows[len(t.rows)-1].continued(p) {
			continue
		}
		if cells == nil {
			if len(t.rows) > 0 {
				break
			}
			continue
		}
		for len(cells) < len(header) {
			// A converter may have lost the blank cell of a merged first column.
			if number(cells[0]) > 0 && len(header) > 1 && squeeze(header[0]) != "序号" {
				cells = append([]string{""}, cells...)
				continue
			}
			cells = append(cells, "")
		}
		t.rows = append(t.rows, tableRow{cells, p.Lines})
	}
	return t
}

// columnStarts are the places, in half characters, at which the cells of a row parted by spaces begin.
func columnStarts(s string) []int {
	var out []int
	at, gap := 0, 2
	for _, r := range s {
		width := displayWidth(string(r))
		if isSpace(r) {
			gap += width
		} else {
			if gap >= 2 {
				out = append(out, at)
			}
			gap = 0
		}
		at += width
	}
	return out
}

// aligned puts the cells of a row parted by spaces under the header they stand below: a blank cell of a merged column
// leaves nothing but space. nil where the line is no row.
func aligned(s string, header []int) []string {
	starts := columnStarts(s)
	if len(starts) < 2 {
		return nil
	}
	cells := make([]string, len(header))
	parts := wideCells(s)
	for i, at := range starts {
		best := 0
		for c, h := range header {
			if abs(h-at) < abs(header[best]-at) {
				best = c
			}
		}
		if i >= len(parts) || cells[best] != "" {
			return cellsOf(s)
		}
		cells[best] = parts[i]
	}
	return cells
}

// wideCells are the runs of text between gaps of two spaces or more.
func wideCells(s string) []string {
	var out []string
	for _, part := range wideGap().Split(trim(s), -1) {
		if part = trim(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// continued takes a line that has no number of its own and goes on with the cell of the row above that ended in 、 or ，.
func (r *tableRow) continued(p Paragraph) bool {
	parts := wideCells(p.Text)
	if number(parts[0]) >= 0 {
		return false
	}
	next := 0
	for i, c := range r.cells {
		if next < len(parts) && hasAnySuffix(c, "、", "，", ",") {
			r.cells[i] = c + parts[next]
			next++
		}
	}
	if next != len(parts) {
		return false
	}
	r.lines = span(r.lines, p.Lines)
	return true
}

// oneCellALine reads a table whose cells stand each on a line: the header from 序号 on, then rows that count from 1.
func oneCellALine(paras []Paragraph) *table {
	if len(paras) < 6 || squeeze(paras[0].Text) != "序号" {
		return nil
	}
	n := 1
	var header []string
	for n < len(paras) && n < 9 && number(paras[n].Text) != 1 {
		n++
	}
	for _, p := range paras[:n] {
		header = append(header, squeeze(p.Text))
	}
	if !isHeader(header) {
		return nil
	}
	t := &table{header: header}
	i, want := n, 1
	for i < len(paras) && number(paras[i].Text) == want {
		end := i + 1
		for end < len(paras) && end-i < n+4 && number(paras[end].Text) != want+1 {
			end++
		}
		if end < len(paras) && number(paras[end].Text) != want+1 || end == len(paras) {
			end = min(end, i+n) // the last row: nothing tells where it ends but the header
		}
		t.rows = append(t.rows, tableRow{fitCells(paras[i:end], header), spanOf(paras[i:end])})
		i, want = end, want+1
	}
	if len(t.rows) == 0 {
		return nil
	}
	return t
}

// fitCells puts the lines of a row under the header. More lines than columns: a name ran over its line. Fewer:
// a cell is missing, and the times and units tell what the others are.
func fitCells(paras []Paragraph, header []string) []string {
	cells := make([]string, len(header))
	lines := make([]string, len(paras))
	for i, p := range paras {
		lines[i] = trim(p.Text)
	}
	extra := len(lines) - len(header)
	if extra >= 0 {
		cells[0] = lines[0]
		cells[1] = strings.Join(lines[1:2+extra], "")
		copy(cells[2:], lines[2+extra:])
		return cells
	}
	copy(cells[:2], lines[:min(2, len(lines))])
	next := 2
	for _, l := range lines[min(2, len(lines)):] {
		last := len(header) - 1
		if hasAnySuffix(header[last], "时限", "时间", "期限") && (len(periods(l, 2000)) > 0 || containsAny(l, "长期", "立即", "每")) {
			cells[last] = l
			continue
		}
		if next < len(cells) {
			cells[next] = l
			next++
		}
	}
	return cells
}

// column returns the index of the first column whose title is one of names or ends in one; -1 if none does.
func (t *table) column(names ...string) int {
	for _, exact := range []bool{true, false} {
		for i, h := range t.header {
			for _, n := range names {
				if squeeze(h) == n || !exact && strings.Contains(squeeze(h), n) {
					return i
				}
			}
		}
	}
	return -1
}

func (r *tableRow) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return trim(r.cells[i])
}

// tableTasks reads the rows of a table of tasks below the heading n. A blank cell of a merged column takes what
// stands above it; / means none.
func tableTasks(n *node, year int) []Task {
	t := tableIn(n.paras)
	if t == nil {
		return nil
	}
	num, lead, support := t.column("序号", "编号"), t.column(leadHeader...), t.column(supportHeader...)
	name, due := t.nameColumn(), t.column("完成时限", "完成时间", "时限", "完成期限", "时间要求")
	if name < 0 || lead < 0 {
		return nil
	}
	if more := t.column("责任单位", "责任部门"); support < 0 && more >= 0 && more != lead {
		support = more
	}
	var out []Task
	above := ""
	for i, r := range t.rows {
		if r.cell(name) == "" || number(r.cell(name)) >= 0 {
			continue
		}
		if r.groups(num) {
			above = ""
			continue
		}
		leads := r.cell(lead)
		if leads == "" {
			leads = above
		}
		above = leads
		label := r.cell(num)
		if number(label) < 0 {
			label = itoa(i + 1)
		}
		task := Task{Path: joinPath(n.path, label), Name: strings.TrimRight(squeezeHan(r.cell(name)), "。；"), Lines: r.lines, Text: r.cell(name)}
		task.addUnits("牵头", leads)
		task.addUnits("配合", r.cell(support))
		task.Deadline = onlyDay(r.cell(due), year)
		task.LeadUnits, task.SupportUnits = unitsOf(task.Responsibilities)
		out = append(out, task)
	}
	return out
}

// groups reports a row that only heads those below it: 一, 控源截污, and nothing else.
func (r *tableRow) groups(num int) bool {
	filled := 0
	for _, c := range r.cells {
		if c != "" {
			filled++
		}
	}
	label := strings.Trim(r.cell(num), "、（）()")
	return filled <= 2 && allHan(label) && number(label) > 0
}

// onlyDay is the last day of a cell that holds one time and nothing without an end.
func onlyDay(s string, year int) string {
	list := periods(s, year)
	if len(list) != 1 || containsAny(s, "长期", "每") {
		return ""
	}
	return list[0].end
}

func (t *Task) addUnits(role, cell string) {
	if units := unitList(cell); len(units) > 0 && cell != "/" && allUnits(units) {
		t.Responsibilities = append(t.Responsibilities, Responsibility{Role: role, Units: units, Lines: t.Lines})
	}
}

func (t *table) nameColumn() int {
	for _, want := range []string{"重点任务", "工作任务", "整治任务", "主要任务", "任务", "工作内容", "内容", "事项", "项目", "措施", "指标"} {
		for i, h := range t.header {
			if h = squeeze(h); strings.HasSuffix(h, want) && !contains(leadHeader, h) {
				return i
			}
		}
	}
	return -1
}

// squeezeHan closes gaps between Chinese characters, which a narrow column makes.
func squeezeHan(s string) string {
	runes := []rune(s)
	var out []rune
	for i, r := range runes {
		if isSpace(r) && i > 0 && i+1 < len(runes) && isHan(runes[i-1]) && isHan(runes[i+1]) {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// addTables joins the tables of the annexes to the tasks of the text, or where the text has none makes tasks of
// their rows.
func (w *work) addTables(root *node, year int) {
	for _, n := range append([]*node{root}, root.children...) {
		rows := tableTasks(n, year)
		if len(rows) == 0 {
			continue
		}
		if w.joinRows(rows) {
			continue
		}
		if len(w.tasks) > 0 && w.tasks[0].Path != "" && !w.fromTable {
			continue // the text has tasks of its own, and the table speaks of something else
		}
		w.fromTable = true
		for _, t := range rows {
			w.tasks = append(w.tasks, t)
			last := t.Path[strings.LastIndex(t.Path, "/")+1:]
			n.children = append(n.children, &node{mark: marker{kind: digitMark, n: number(last), label: last}, title: t.Name, path: t.Path, head: t.Lines, parent: n})
		}
	}
}

// unreadTables reports the tables of a PDF. Its cells have lost their columns, and a unit under the wrong
// heading is worse than none.
func unreadTables(root *node) []Finding {
	var out []Finding
	for _, n := range root.children {
		if tableIn(n.paras) != nil {
			out = append(out, Finding{"pdf_table", Warning, "“" + n.title + "”是 PDF 里的表格，列已无法可靠辨认，没有读入。请上传 .docx，或手工补录其中的任务和单位。", n.lines()})
		}
	}
	return out
}

// joinRows adds the units of rows to the tasks they repeat, by name or, where the counts agree, by order.
func (w *work) joinRows(rows []Task) bool {
	to := make([]int, len(rows))
	matched := 0
	for i, r := range rows {
		to[i] = -1
		for j, t := range w.tasks {
			if sameWork(r.Name, t.Name) {
				to[i] = j
				matched++
				break
			}
		}
	}
	if matched*2 < len(rows) {
		if len(rows) != len(w.tasks) || len(rows) < 2 || w.fromTable {
			return false
		}
		for i := range rows {
			to[i] = i
		}
	}
	for i, r := range rows {
		if to[i] < 0 {
			continue
		}
		t := &w.tasks[to[i]]
		t.Responsibilities = append(t.Responsibilities, r.Responsibilities...)
		t.LeadUnits, t.SupportUnits = unitsOf(t.Responsibilities)
		if t.Deadline == "" {
			t.Deadline = r.Deadline
		}
	}
	return true
}

func sameWork(a, b string) bool {
	a, b = squeeze(a), squeeze(b)
	if runeLen(a) < 4 || runeLen(b) < 4 {
		return a == b && a != ""
	}
	return strings.Contains(a, b) || strings.Contains(b, a)
}

// tablePeople reads a table of people: columns 姓名, 单位, 职务.
func tablePeople(n *node) []Appointment {
	t := tableIn(n.paras)
	if t == nil {
		return nil
	}
	name, unit, post := t.column("姓名"), t.column("单位", "部门", "工作单位"), t.column("职务", "职务职称")
	if name < 0 || strings.Contains(squeeze(t.header[name]), "联系") {
		return nil
	}
	roleColumn := t.column("组内职务", "小组职务", "角色", "领导小组职务", "组内分工")
	role := "成员"
	if strings.Contains(n.title, "联络员") {
		role = "联络员"
	}
	var out []Appointment
	for _, r := range t.rows {
		who := squeeze(r.cell(name))
		if runeLen(who) < 2 || runeLen(who) > 15 || number(who) >= 0 {
			continue
		}
		a := Appointment{Role: role, Name: who, Post: squeezeHan(r.cell(post)), Unit: r.cell(unit), Lines: r.lines}
		if own := r.cell(roleColumn); own != "" {
			role, a.Role = own, own
		} else if own, ok := roleOf(r.cell(t.column("备注"))); ok {
			a.Role = own
		}
		if a.Unit == "" {
			a.Unit, _ = SplitPost(a.Post)
		}
		out = append(out, a)
	}
	return out
}
