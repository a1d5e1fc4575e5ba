package plan

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The texts in testdata/layouts were written for this test, one for each family of layouts; their golden files were
// read through by hand against them.
func TestLayouts_ReadAsTheirGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no layouts", err)
	}
	for _, file := range files {
		p, err := Read(readText(t, file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		golden(t, filepath.Join("layouts", strings.TrimSuffix(filepath.Base(file), ".txt")+".golden"), summary(p))
	}
}

// summary is a plan in the words of a hand-made label: one fact a line.
func summary(p *Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title %s\nplan %s\nnumber %s\nissuer %s\nissued %s printed %s\nto %s\ncc %s\n", p.Title, p.PlanTitle, p.DocumentNumber, p.Issuer,
		p.IssuedOn, p.PrintedOn, strings.Join(p.Addressees, "|"), strings.Join(p.CC, "|"))
	var walk func([]Heading)
	walk = func(list []Heading) {
		for _, h := range list {
			fmt.Fprintf(&b, "heading %s %s %v\n", h.Path, h.Title, h.Lines)
			walk(h.Children)
		}
	}
	walk(p.Outline)
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "action %s %s %v\n", a.Path, a.Name, a.Lines)
	}
	for _, x := range p.Tasks {
		fmt.Fprintf(&b, "task %s %s lead %v support %v due %q %v\n", x.Path, x.Name, x.LeadUnits, x.SupportUnits, x.Deadline, x.Lines)
	}
	for _, x := range p.Phases {
		fmt.Fprintf(&b, "phase %s %s..%s %v\n", x.Name, x.Start, x.End, x.Lines)
	}
	for _, body := range p.Bodies {
		fmt.Fprintf(&b, "body %s %s %v %v\n", body.Name, body.Kind, body.Sections, body.Lines)
		for _, a := range body.Appointments {
			fmt.Fprintf(&b, "  %s %s|%s|%s %v\n", a.Role, a.Name, a.Post, a.Unit, a.Lines)
		}
		for _, d := range body.Duties {
			fmt.Fprintf(&b, "  duty %d %s %v\n", d.Number, d.Text, d.Lines)
		}
	}
	for _, o := range p.Obligations {
		fmt.Fprintf(&b, "owes %v %s %s to %s %v\n", o.Who, o.Cadence, o.What, o.To, o.Lines)
	}
	return b.String()
}

func TestSplitPost_UnitAndTitle(t *testing.T) {
	for post, want := range map[string][2]string{
		"市公安局交警支队副支队长":       {"市公安局交警支队", "副支队长"},
		"副市长":                {"市人民政府", "副市长"},
		"市委副书记、市长":           {"市人民政府", "市长"},
		"市委常委、常务副市长":         {"市人民政府", "常务副市长"},
		"副市长、市公安局局长":         {"市人民政府", "副市长"},
		"市政府副市长、市公安局局长":      {"市人民政府", "副市长"},
		"市政府秘书长、办公室主任":       {"市人民政府", "秘书长"},
		"尧都区委副书记、区长":         {"尧都区人民政府", "区长"},
		"尧都区副区长":             {"尧都区人民政府", "副区长"},
		"临汾经济开发区党工委书记、管委会主任": {"临汾经济开发区管委会", "主任"},
		"临汾尧都机场党委专职副书记":      {"临汾尧都机场", "党委专职副书记"},
		"侯马车务段段长":            {"侯马车务段", "段长"},
		"侯马车务段工会主席":          {"侯马车务段", "工会主席"},
		"市红十字会专职副会长":         {"市红十字会", "专职副会长"},
		"市教育局总督学":            {"市教育局", "总督学"},
		"临汾日报社副总编":           {"临汾日报社", "副总编"},
		"市卫健委二级调研员":          {"市卫健委", "二级调研员"},
		"市市场监督管理局副县级干部":      {"市市场监督管理局", "副县级干部"},
		"区建设交通委纪委书记":         {"区建设交通委", "纪委书记"},
		"区委常委、宣传部部长":         {"区委宣传部", "部长"},
		"市委宣传部常务副部长、市文明办主任":  {"市委宣传部", "常务副部长"},
		"淮安海关副关长":            {"淮安海关", "副关长"},
		"市政府督查室主任":           {"市政府督查室", "主任"},
		"市纪委":                {"市纪委", ""},
		"市委书记":               {"市委", "书记"},
		"":                   {"", ""},
	} {
		unit, title := SplitPost(post)
		if d := cmp.Diff(want, [2]string{unit, title}); d != "" {
			t.Errorf("%s: %s", post, d)
		}
	}
}

func TestEntries_EveryWayToWriteAPerson(t *testing.T) {
	for line, want := range map[string]string{
		"王 渊 市委常委、常务副市长":          "王渊|市委常委、常务副市长",
		"王　渊　市政府秘书长":              "王渊|市政府秘书长",
		"余瑞金\t市工信局二级调研员":          "余瑞金|市工信局二级调研员",
		"令狐赵波 临汾尧都机场副总经理":         "令狐赵波|临汾尧都机场副总经理",
		"张三（副市长）":                 "张三|副市长",
		"张发平（市统计局)":               "张发平|市统计局",
		"席慕兰（女）（副县长）":             "席慕兰|副县长",
		"朱一凡（兼）":                  "朱一凡|",
		"***亮 市财政局副局长":            "***亮|市财政局副局长",
		"阿依努尔·卡德尔 副市长":            "阿依努尔·卡德尔|副市长",
		"米热古丽·托乎提副区长":             "米热古丽·托乎提|副区长",
		"夏侯婷区委副书记、区长":             "夏侯婷|区委副书记、区长",
		"鄢红旗区公安分局交警大队大队长":         "鄢红旗|区公安分局交警大队大队长",
		"甘露区政府办公室主任":              "甘露|区政府办公室主任",
		"×××县委常委、县人民政府副县长":        "×××|县委常委、县人民政府副县长",
		"区总工会副主席 钱进":              "钱进|区总工会副主席",
		"区委宣传部副部长孙立国":             "孙立国|区委宣传部副部长",
		"张三丰（区发改局局长） 李四光（区教育局局长）": "张三丰|区发改局局长;李四光|区教育局局长",
		"张军 县计委主任 李明 县财政局局长":      "张军|县计委主任;李明|县财政局局长",
		"支 农、仓 满、包 容、万里云、次仁卓玛":    "支农|;仓满|;包容|;万里云|;次仁卓玛|",
		"和 谐 市疾控中心副主任":            "和谐|市疾控中心副主任",
		"钱塘江  市水利局局长":             "钱塘江|市水利局局长",
		"市委宣传部、市教育局、市公安局":         "",
		"各县（市、区）委书记":              "",
		"市直各有关单位主要负责人":            "",
	} {
		list, ok := readEntries(line)
		var got []string
		for _, e := range list {
			got = append(got, e.name+"|"+e.post)
		}
		if !ok {
			got = nil
		}
		if d := cmp.Diff(want, strings.Join(got, ";")); d != "" {
			t.Errorf("%q: %s", line, d)
		}
	}
}

func TestResponsibilities_EveryWayToNameUnits(t *testing.T) {
	for text, want := range map[string]string{
		"正文。（市商务局牵头，市经信委、市农委配合）":                      "[市商务局] [市经信委 市农委]",
		"正文。（责任部门：区农委、区监察局（纠风办）等，有关镇政府）":              "[区农委 区监察局（纠风办） 有关镇政府] []",
		"正文。（牵头单位：市城管局；责任单位：市住建局、各区政府）":               "[市城管局] [市住建局 各区政府]",
		"责任主体：各县（市、区）人民政府（含高新区，下同）；责任部门：市城管局。":        "[各县（市、区）人民政府 市城管局] []",
		"责任单位：市城管局牵头，市水务局、市财政局配合。":                    "[市城管局] [市水务局 市财政局]",
		"正文（市水务局、市自然资源局等按职责分工负责）":                     "[市水务局 市自然资源局] []",
		"正文。（文化和旅游部、工业和信息化部指导，供销合作总社参与）":              "[] [文化和旅游部 工业和信息化部 供销合作总社]",
		"推行制度。（生态环境部指导，试点城市政府负责落实。以下均需试点城市政府落实，不再列出）": "[试点城市政府] [生态环境部]",
		"由区卫生局负责检查。":         "[区卫生局] []",
		"打通断头路。（市住建局、市公交集团）": "[市住建局 市公交集团] []",
		"牵头单位：市水务局；配合单位：/":   "[市水务局] []",
		"实施“装、树、联”（垃圾焚烧企业依法依规安装自动监测设备、公布运行数据）。": "[] []",
		"采用政府和社会资本合作（PPP）等模式。":                  "[] []",
		"要配合做好工作，负责到底。":                         "[] []",
	} {
		p := newParagraph(text, 1)
		list := responsibilities([]Paragraph{p})
		if len(list) == 0 {
			list = spokenUnits([]Paragraph{p})
		}
		lead, support := unitsOf(list)
		if got := fmt.Sprint(lead, " ", support); got != want {
			t.Errorf("%s\nread %s\nwant %s", text, got, want)
		}
	}
}

func TestPeriods_EveryWayToWriteATime(t *testing.T) {
	for text, want := range map[string]string{
		"2023年7月—2024年9月": "2023-07-01..2024-09-30",
		"2023年6月":         "2023-06-01..2023-06-30",
		"2017年12月底前":      "..2017-12-31",
		"2018－2019年":      "2018-01-01..2019-12-31",
		"2019年上半年":        "2019-01-01..2019-06-30",
		"2020年10月-12月":    "2020-10-01..2020-12-31",
		"2020年7—9月":       "2020-07-01..2020-09-30",
		"2023年3月1日至5月31日": "2023-03-01..2023-05-31",
		"11月中旬前":          "..2024-11-20",
		"即日起至2023年9月":     "..2023-09-30",
		"2020年7月起":        "2020-07-01..",
		"“十四五”期间":         "2021-01-01..2025-12-31",
		"２０２１年第二季度":       "2021-04-01..2021-06-30",
		"长期坚持":            "",
		"近3年":             "",
	} {
		got := ""
		for _, p := range periods(text, 2024) {
			got += p.start + ".." + p.end
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
