package plan

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/kernel"
)

// FuzzRead guards the whole reader: no panic, every span inside the text, no null in the JSON.
func FuzzRead(f *testing.F) {
	for _, dir := range []string{"testdata/plans", "testdata/layouts"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	f.Add("关于成立小组的通知\n组 长：王 渊 副市长\n成 员：李四、张三（女）\n附件\n一、任务\n1. 清河。（甲局牵头，乙局配合）")
	f.Add("一、工作任务\n（一）甲。正文（责任单位：区农委、区监察局（纠风办）等\n附件1\n序号\t任务\t牵头单位\n1\t甲\t/")
	f.Fuzz(func(t *testing.T, text string) {
		src := Source{Name: "f.txt", Lines: strings.Split(text, "\n")}
		p, err := Read(src)
		if err != nil {
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), ":null") {
			t.Errorf("null in %s", b)
		}
		checkSpans(t, p, len(src.Lines))
	})
}

func checkSpans(t *testing.T, p *Plan, n int) {
	t.Helper()
	check := func(what string, l Lines) {
		if l[0] > l[1] || l[0] < 0 || l[1] > n || l[0] == 0 && l[1] != 0 {
			t.Errorf("%s: span %v of %d lines", what, l, n)
		}
	}
	var walk func([]Heading)
	walk = func(list []Heading) {
		for _, h := range list {
			check("heading "+h.Path, h.Lines)
			walk(h.Children)
		}
	}
	walk(p.Outline)
	for _, x := range p.Tasks {
		check("task "+x.Path, x.Lines)
	}
	for _, x := range p.Phases {
		check("phase "+x.Name, x.Lines)
	}
	for _, b := range p.Bodies {
		check("body "+b.Name, b.Lines)
		for _, a := range b.Appointments {
			check("appointment "+a.Name, a.Lines)
		}
		for _, d := range b.Duties {
			check("duty", d.Lines)
		}
	}
	for _, x := range p.Findings {
		check("finding "+x.Code, x.Lines)
	}
	for _, x := range p.Indicators {
		check("indicator", x.Lines)
	}
}

func TestRead_AParagraphWithoutEndIsRefusedWithItsPlace(t *testing.T) {
	text := "一、任务\n（一）" + strings.Repeat("清河。（市商务局牵头，市经信委配合）", 5000)
	_, err := Read(Source{Name: "f.txt", Lines: strings.Split(text, "\n")})
	if kernel.CodeOf(err) != kernel.TooLarge || !strings.Contains(kernel.MessageOf(err), "第2行") {
		t.Errorf("%v", err)
	}
}
