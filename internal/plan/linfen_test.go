package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew; check them by hand before committing")

func linfen(t *testing.T) (*Plan, Source) {
	t.Helper()
	src := readText(t, "../../examples/linfen-2023/plan.txt")
	p, err := Read(src)
	if err != nil {
		t.Fatal(err)
	}
	return p, src
}

// golden compares got with a file that was checked by hand against the plan.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestLinfen_HeadAndTailAreRead(t *testing.T) {
	p, _ := linfen(t)
	got := []string{p.Title, p.PlanTitle, p.DocumentNumber, p.Issuer, p.IssuedOn, p.PrintedOn, strings.Join(p.Addressees, "|"), strings.Join(p.CC, "|")}
	want := []string{
		"临汾市人民政府办公室关于印发临汾城市品质提升行动方案的通知", "临汾城市品质提升行动方案", "临政办发〔2023〕24号", "临汾市人民政府办公室", "2023-06-28", "2022-06-30",
		"各县(市、区)人民政府|临汾经济开发区管委会|市直有关部门", "市委办公室|市人大常委会办公室|市政协办公室|市中级人民法院|市检察院|人民团体|新闻单位",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLinfen_SevenActionsHold27Tasks(t *testing.T) {
	p, _ := linfen(t)
	count := map[string]int{}
	for _, task := range p.Tasks {
		count[task.Action]++
	}
	var got []string
	for _, a := range p.Actions {
		got = append(got, fmt.Sprint(a.Path, " ", a.Name, " ", count[a.Path]))
	}
	want := []string{"三/(一) 健康教育和健康促进专项行动 4", "三/(二) 市容环境卫生整治专项行动 4", "三/(三) 生态环境治理专项行动 3", "三/(四) 重点场所规范管理专项行动 3",
		"三/(五) 食品和饮用水安全专项行动 2", "三/(六) 提升医疗卫生服务质量专项行动 7", "三/(七) 交通秩序整治专项行动 4"}
	if d := cmp.Diff(want, got); d != "" || len(p.Tasks) != 27 {
		t.Errorf("%d tasks\n%s", len(p.Tasks), d)
	}
}

func TestLinfen_TasksAreWhole(t *testing.T) {
	p, _ := linfen(t)
	var b strings.Builder
	for _, task := range p.Tasks {
		fmt.Fprintf(&b, "%s|%s|%d-%d|%s\n", task.Path, task.Name, task.Lines[0], task.Lines[1], task.Text)
	}
	golden(t, "linfen-tasks.golden", b.String())
}

func TestLinfen_BodiesAppointmentsAndDuties(t *testing.T) {
	p, _ := linfen(t)
	var b strings.Builder
	for _, body := range p.Bodies {
		fmt.Fprintf(&b, "# %s|%s|%d-%d|%d人|%d项|%s\n", body.Name, body.Kind, body.Lines[0], body.Lines[1], len(body.Appointments), len(body.Duties), strings.Join(body.Sections, "、"))
		for _, a := range body.Appointments {
			fmt.Fprintf(&b, "%d|%s|%s|%s|%s\n", a.Lines[0], a.Role, a.Name, a.Post, a.Unit)
		}
		for _, d := range body.Duties {
			fmt.Fprintf(&b, "%d-%d|%d|%s\n", d.Lines[0], d.Lines[1], d.Number, d.Text)
		}
	}
	golden(t, "linfen-bodies.golden", b.String())
}

func TestLinfen_TenBodies203Appointments116People64Duties(t *testing.T) {
	p, _ := linfen(t)
	var people, duties []int
	total, works := 0, 0
	for _, b := range p.Bodies {
		people, duties = append(people, len(b.Appointments)), append(duties, len(b.Duties))
		total, works = total+len(b.Appointments), works+len(b.Duties)
	}
	if d := cmp.Diff([]int{45, 12, 25, 19, 14, 19, 18, 26, 11, 14}, people); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{0, 5, 5, 12, 7, 7, 6, 9, 8, 5}, duties); d != "" {
		t.Error(d)
	}
	if n := len(People(p)); total != 203 || n != 116 || works != 64 {
		t.Errorf("%d appointments of %d people, %d duties", total, n, works)
	}
	roles := map[string]int{}
	for _, a := range p.Bodies[0].Appointments {
		roles[a.Role]++
	}
	if d := cmp.Diff(map[string]int{"组长": 1, "副组长": 8, "成员": 36}, roles); d != "" {
		t.Error(d)
	}
}

// The golden file was made by the program. This asks the text itself: every appointment stands alone on its line,
// and no line of a roster is left over.
func TestLinfen_EveryAppointmentStandsOnItsLine(t *testing.T) {
	p, src := linfen(t)
	taken := map[int]bool{}
	for _, b := range p.Bodies {
		for _, a := range b.Appointments {
			taken[a.Lines[0]] = true
			line := squeeze(strings.TrimPrefix(src.Lines[a.Lines[0]-1], "- "))
			if i := strings.IndexAny(line, "：:"); i >= 0 {
				if label := line[:i]; label != a.Role {
					t.Errorf("line %d: role %q, read %q", a.Lines[0], label, a.Role)
				}
				line = strings.TrimLeft(line[i:], "：:")
			}
			if line != a.Name+a.Post {
				t.Errorf("line %d: %q, read %q %q", a.Lines[0], line, a.Name, a.Post)
			}
		}
	}
	for i := 143; i <= 593; i++ {
		line := strings.TrimSpace(src.Lines[i-1])
		if !taken[i] && line != "" && runeLen(line) < 26 && endsAsTitle(line) {
			t.Errorf("line %d is left over: %s", i, line)
		}
	}
}

func TestLinfen_PhasesFollowEachOther(t *testing.T) {
	p, _ := linfen(t)
	var got []string
	for _, ph := range p.Phases {
		got = append(got, fmt.Sprint(ph.Name, " ", ph.Start, " ", ph.End, " ", ph.Lines[0]))
	}
	want := []string{"动员部署阶段 2023-06 2023-06 117", "组织实施阶段 2023-07 2024-09 119", "验收评估阶段 2024-10 2024-12 121"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLinfen_CheckUpSaysWhatDisagrees(t *testing.T) {
	p, _ := linfen(t)
	var b strings.Builder
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "%d-%d|%s|%s|%s\n", f.Lines[0], f.Lines[1], f.Severity, f.Code, f.Message)
	}
	golden(t, "linfen-findings.golden", b.String())
}

func TestLinfen_ObligationsAndIndicators(t *testing.T) {
	p, _ := linfen(t)
	var b strings.Builder
	for _, o := range p.Obligations {
		fmt.Fprintf(&b, "%d-%d|%s|%s|%s|%s\n", o.Lines[0], o.Lines[1], strings.Join(o.Who, "、"), o.Cadence, o.What, o.To)
	}
	for _, i := range p.Indicators {
		fmt.Fprintf(&b, "%d-%d|%s|%s|%s%s|%s\n", i.Lines[0], i.Lines[1], i.Name, i.Comparator, i.Value, i.Unit, i.Path)
	}
	golden(t, "linfen-measures.golden", b.String())
}
