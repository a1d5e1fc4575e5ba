package form

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
)

// xformOf writes a form's XForm and reads it as elements.
func xformOf(t *testing.T, f *Form) *element {
	t.Helper()
	if f.ID == "" {
		f.ID, f.Title = "untitled", "无题"
	}
	content, err := f.XForm()
	if err != nil {
		t.Fatal(err)
	}
	root, err := readElements(content)
	if err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	return root
}

func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, k := range e.kids {
		k.walk(visit)
	}
}

// paths are the paths of all nodes within an instance.
func (e *element) paths(at string, into map[string]bool) {
	into[at] = true
	for _, k := range e.kids {
		k.paths(at+"/"+k.name, into)
	}
}

var absolutePath = regexp.MustCompile(`/data(/[\p{L}\d_.-]+)*`)

func TestXForm_EveryPathAndTextIsThere(t *testing.T) {
	for name, f := range compiledForms(t) {
		root := xformOf(t, f)
		model := root.first("head").first("model")
		nodes, texts, lists := map[string]bool{}, map[string]bool{}, map[string]bool{}
		model.first("instance").first("data").paths("/data", nodes)
		for _, x := range model.first("itext").first("translation").named("text") {
			texts[x.attr("id")] = true
		}
		for _, x := range model.named("instance")[1:] {
			lists[x.attr("id")] = true
		}
		count := 0
		root.walk(func(e *element) {
			for _, a := range e.attrs {
				if strings.Contains(a.Value, "${") {
					t.Errorf("%s: %s %s is left as it was: %s", name, e.name, a.Name.Local, a.Value)
				}
				if id, ok := strings.CutPrefix(a.Value, "jr:itext('"); ok && !texts[strings.TrimSuffix(id, "')")] {
					t.Errorf("%s: no text %s", name, a.Value)
				}
				if id, ok := strings.CutPrefix(a.Value, "instance('"); ok {
					if list, _, _ := strings.Cut(id, "'"); !lists[list] {
						t.Errorf("%s: no list %s", name, a.Value)
					}
				}
				if strings.HasPrefix(a.Value, "jr:itext") || a.Name.Local == "id" {
					continue
				}
				for _, path := range absolutePath.FindAllString(a.Value, -1) {
					if count++; !nodes[path] {
						t.Errorf("%s: no node %s for %s", name, path, a.Value)
					}
				}
			}
		})
		if count < len(f.all()) {
			t.Errorf("%s: %d paths for %d items", name, count, len(f.all()))
		}
	}
}

// What is asked of each node of the twentieth form, as pyxform would write it.
func TestXForm_BindsSayWhatTheSheetSays(t *testing.T) {
	f := mustRead(t, "20", formFiles(t)["20-督导综合表"])
	var got []string
	xformOf(t, f).walk(func(e *element) {
		if e.name != "bind" && e.name != "setvalue" && e.name != "repeat" && e.name != "itemset" && e.name != "output" {
			return
		}
		line := e.name
		for _, a := range e.attrs {
			line += fmt.Sprintf(" %s=%s", a.Name.Local, a.Value)
		}
		got = append(got, line)
	})
	for _, want := range []string{
		`bind nodeset=/data/day type=string calculate=once(today())`,
		`bind nodeset=/data/inspector type=string required=true() requiredMsg=请写您的姓名`,
		`bind nodeset=/data/check/found type=string required=true() requiredMsg=没有问题请选“没有” constraint=not(selected(., 'none')) or count-selected(.) = 1 constraintMsg=选了“没有”就不能再选别的`,
		`bind nodeset=/data/check/number type=int required=true() relevant=not(selected(/data/check/found, 'none')) constraint=. >= count-selected(/data/check/found) and . <= 10 constraintMsg=jr:itext('/data/check/number:jr:constraintMsg')`,
		`bind nodeset=/data/issue_count type=string readonly=true() calculate=coalesce(/data/check/number, 0)`,
		`bind nodeset=/data/issue relevant=not(selected(/data/check/found, 'none'))`,
		`bind nodeset=/data/issue/step relevant=../level = 'urgent'`,
		`bind nodeset=/data/issue/due type=date required=true() constraint=. > /data/day constraintMsg=jr:itext('/data/issue/due:jr:constraintMsg')`,
		`bind nodeset=/data/meta/instanceID type=string readonly=true() preload=uid`,
		`bind nodeset=/data/meta/instanceName type=string calculate=concat(/data/inspector, ' ', jr:choice-name(/data/town, '/data/town'))`,
		`setvalue event=odk-instance-first-load odk-new-repeat ref=/data/issue/due value=date(today() + 15)`,
		`repeat nodeset=/data/issue count=/data/issue_count noAddRemove=true()`,
		`itemset nodeset=instance('town')/root/item[district = /data/district]`,
		`output value=../no`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("nothing says %s in\n%s", want, strings.Join(got, "\n"))
		}
	}
}

func TestXForm_PathsAreRelativeWithinOneInstanceOfARepeat(t *testing.T) {
	all := readExpressionCases(t)
	f := mustCompile(t, all.Form)
	member, pet := f.root.child("member"), f.root.child("member").child("pet")
	for _, c := range []struct {
		at           *entry
		column, text string
		want         string
	}{
		{f.root.child("age"), "relevant", "${name} = 'x'", "/data/name = 'x'"},
		{f.root.child("age"), "calculation", "sum(${mage})", "sum(/data/member/mage)"},
		{member.child("mname"), "relevant", "${mage} > ${age}", "../mage > /data/age"},
		{pet.child("pet_name"), "relevant", "${mage}>${pet_age}", "../../mage>../pet_age"},
		{member.child("mname"), "calculation", "max(${pet_age})", "max(../pet/pet_age)"},
		{member, "relevant", "${age} > 1", "/data/age > 1"},
		{pet, "repeat_count", "${mage}", "../mage"},
		{member.child("mname"), "calculation", "count(${member})", "count(/data/member)"},
		{member.child("mname"), "choice_filter", "x = ${mage} and y = ${age}", "x = current()/../mage and y = /data/age"},
		{f.root.child("age"), "constraint", ". > 1 and ../zero = ‘a’", ". > 1 and ../zero = 'a'"},
		{f.root.child("age"), "calculation", "concat(“it's”, '\"')", `concat("it's", '"')`},
		{f.root.child("age"), "calculation", "jr:choice-name( ${sex} , '${sex}')", "jr:choice-name( /data/sex , '/data/sex')"},
		{f.root.child("age"), "calculation", "concat('${sex}', 'b')", "concat('${sex}', 'b')"},
	} {
		if got := f.xpath(c.at, c.column, c.text); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.text, c.at.Name, got, c.want)
		}
	}
	if got := quoted(`a'b"c`); got != `concat('a', "'", 'b"c')` {
		t.Error(got)
	}
}

func TestXForm_WantsAnIDAndATitle(t *testing.T) {
	f := mustRead(t, "bare", workbookOf(t, "survey\ntype | name | label\ntext | a | 甲\n"))
	if _, err := f.XForm(); kernel.CodeOf(err) != kernel.Invalid {
		t.Errorf("%v", err)
	}
}

func TestFormList_SaysWhatMayBeDownloaded(t *testing.T) {
	got := string(XFormsList([]Listed{{ID: "hygiene-check", Version: "1", Title: "环境卫生 <检查>", Hash: Hash([]byte("x")), DownloadURL: "https://pinghe.example/forms/1?a=1&b=2"}}))
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<xforms xmlns="http://openrosa.org/xforms/xformsList"><xform><formID>hygiene-check</formID><name>环境卫生 &lt;检查&gt;</name><version>1</version><hash>md5:9dd4e461268c8034f5c8564e155c67a6</hash><downloadUrl>https://pinghe.example/forms/1?a=1&amp;b=2</downloadUrl></xform></xforms>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(Response("submit_success", "收到了，谢谢")); !strings.Contains(got, `<message nature="submit_success">收到了，谢谢</message>`) {
		t.Error(got)
	}
}

// instanceXML writes fields as an ODK client hands them in: what is not relevant is left out.
func instanceXML(f *Form, id string, fields []*Field) string {
	var b strings.Builder
	w := &xformWriter{}
	w.open("data", "id", f.ID, "version", f.Version, "xmlns:orx", "http://openrosa.org/xforms")
	b.WriteString(`<?xml version="1.0" ?>` + w.out.String())
	writeFields(&b, fields)
	fmt.Fprintf(&b, "<orx:meta><orx:instanceID>%s</orx:instanceID></orx:meta></data>", id)
	return b.String()
}

func writeFields(b *strings.Builder, fields []*Field) {
	for _, f := range fields {
		switch {
		case !f.Relevant:
		case f.Kind == Repeat && f.Path[len(f.Path)-1] != ']':
			writeFields(b, f.Instances)
		case f.Kind == Group || f.Kind == Repeat:
			fmt.Fprintf(b, "<%s>", f.Name)
			writeFields(b, f.Fields)
			fmt.Fprintf(b, "</%s>", f.Name)
		default:
			fmt.Fprintf(b, "<%s>", f.Name)
			_ = xml.EscapeText(b, []byte(f.Value))
			fmt.Fprintf(b, "</%s>", f.Name)
		}
	}
}

func TestReadInstance_FindsWhatWasHandedIn(t *testing.T) {
	now, list := readScenarios(t)
	forms := compiledForms(t)
	for _, s := range list {
		f := forms[s.Form]
		if f.ID == "" {
			f.ID, f.Title = "untitled", "无题"
		}
		state := f.Fill(s.Answers, now)
		in, err := f.ReadInstance([]byte(instanceXML(f, "uuid:1", state.Fields)))
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		again := f.Fill(in.Answers, now)
		if diff := cmp.Diff(asJSON(t, state.Answers()), asJSON(t, again.Answers())); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
	}
}

// A copy as ODK Collect writes it: another root, meta with a prefix, a count it keeps for itself, spaces around numbers.
func TestReadInstance_OfODKCollect(t *testing.T) {
	f := mustRead(t, "20", formFiles(t)["20-督导综合表"])
	const content = `<?xml version='1.0' ?><data id="inspection" version="2023070301" xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
  <day>2023-06-30</day><inspector>钱九 &amp; 周八</inspector><district>d1</district><town>t1</town><place>36.0801 111.5199 450.2 4.3</place>
  <check><found>dirt sign</found><number> 2 </number><found_n>2</found_n></check>
  <issue_count>2</issue_count>
  <issue><no>1</no><what>垃圾外溢
第二行</what><photo>1688092800000.jpg</photo><due>2023-07-15</due><level>urgent</level><step_count>2</step_count><step><measure>清运</measure></step><step><measure>加桶</measure></step></issue>
  <issue><no>2</no><what>牌匾脱落</what><photo/><due>2023-07-01</due><level>normal</level></issue>
  <urgent_no>1</urgent_no><score>85</score>
  <meta><instanceID>uuid:9f5e7c4a-3d1b-4f8e-9d27-2f5f0a6c1b11</instanceID><instanceName>钱九 鼓楼街道</instanceName><deprecatedID>uuid:old</deprecatedID></meta></data>`
	in, err := f.ReadInstance([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if in.ID != "uuid:9f5e7c4a-3d1b-4f8e-9d27-2f5f0a6c1b11" || in.Replaces != "uuid:old" || !slices.Equal(in.Files, []string{"1688092800000.jpg"}) {
		t.Errorf("%+v", in)
	}
	now, _ := readScenarios(t)
	state := f.Fill(in.Answers, now)
	fields := byPath(state.Fields)
	if len(state.Faults) > 0 || fields["inspector"].Value != "钱九 & 周八" || fields["check/number"].Value != "2" || fields["issue[1]/step[2]/measure"].Value != "加桶" || fields["issue[1]/what"].Value != "垃圾外溢\n第二行" {
		t.Errorf("%v %s", state.Faults, asJSON(t, state.Answers()))
	}
}

// A copy as ODK Web Forms writes it, made by its engine from the XForm of the fifteenth form: decimals with a point.
func TestReadInstance_OfODKWebForms(t *testing.T) {
	f := mustRead(t, "15", formFiles(t)["15-志愿服务"])
	const content = `<data id="volunteer" version="5"><name>孙七</name><id_card>12345X</id_card><born>2010-01-01</born><age>13</age><young/><guardian>孙父</guardian><skills>teach</skills><slot><week>mon</week><hours>2.0</hours><line>1. 周一 2.0 小时</line></slot><slot><week>sat</week><hours>3.5</hours><line>2. 周六 3.5 小时</line></slot><plan>1. 周一 2.0 小时；2. 周六 3.5 小时</plan><weekly>5.5</weekly><show_plan/><meta><instanceID>uuid:1e31a831-afa6-42e4-bf3f-6ba31fb1b38f</instanceID><deprecatedID>uuid:11111111-1111-4111-8111-111111111111</deprecatedID></meta></data>`
	in, err := f.ReadInstance([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	now, _ := readScenarios(t)
	state := f.Fill(in.Answers, now)
	fields := byPath(state.Fields)
	if len(state.Faults) > 0 || fields["weekly"].Value != "5.5" || fields["slot[2]/line"].Value != "2. 周六 3.5 小时" || fields["guardian"].Value != "孙父" {
		t.Errorf("%v %s", state.Faults, asJSON(t, state.Answers()))
	}
}

func TestReadInstance_RefusesWhatIsNone(t *testing.T) {
	f := mustRead(t, "01", formFiles(t)["01-环境卫生检查"])
	head := `<data id="hygiene-check" version="2023063001">`
	meta := `<meta><instanceID>uuid:1</instanceID></meta></data>`
	for name, c := range map[string]struct {
		content string
		code    kernel.Code
		says    string
	}{
		"nothing":         {"", kernel.Invalid, "读不出来"},
		"no XML":          {"street=gulou", kernel.Invalid, "读不出来"},
		"not closed":      {head + "<street>", kernel.Invalid, "读不出来"},
		"a DOCTYPE":       {`<!DOCTYPE data [<!ENTITY x "y">]>` + head + "<street>&x;</street>" + meta, kernel.Invalid, "读不出来"},
		"an entity":       {head + "<street>&x;</street>" + meta, kernel.Invalid, "读不出来"},
		"too deep":        {head + strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50) + meta, kernel.Invalid, "读不出来"},
		"no form":         {"<data>" + meta, kernel.Invalid, "哪张表单"},
		"no ID":           {head + "</data>", kernel.Invalid, "没有编号"},
		"an ID of spaces": {head + "<meta><instanceID>a b</instanceID></meta></data>", kernel.Invalid, "没有编号"},
		"another form":    {strings.Replace(head, "hygiene", "other", 1) + meta, kernel.Conflict, "other-check"},
		"another version": {strings.Replace(head, "2023063001", "1", 1) + meta, kernel.Conflict, "第“1”版"},
		"too large":       {head + strings.Repeat(" ", maxInstance) + meta, kernel.TooLarge, "8 MB"},
	} {
		_, err := f.ReadInstance([]byte(c.content))
		if kernel.CodeOf(err) != c.code || !strings.Contains(kernel.MessageOf(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
