package submission_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
	"pinzhi/internal/web/webtest"

	"github.com/xuri/excelize/v2"
)

// city is the made-up city's campaign with its forms.
type city struct {
	*submission.Service

	id int64
}

func opened(t *testing.T, d *db.DB) *city {
	t.Helper()
	clock := kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) })
	campaigns := campaign.New(d, clock)
	c, err := campaigns.Open(webtest.System(), webtest.Reading(t, "examples/pinghe/plan.txt"))
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := evidence.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &city{submission.New(d, clock, campaigns, evidence.New(d, blobs, clock, evidence.DefaultLimits)), c.ID}
}

// sheets makes a workbook: a sheet's name, then its rows with | between cells.
func sheets(t *testing.T, parts ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i := 0; i < len(parts); i += 2 {
		if _, err := f.NewSheet(parts[i]); err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(parts[i+1], "\n") {
			var row []any
			for cell := range strings.SplitSeq(line, "|") {
				row = append(row, strings.TrimSpace(cell))
			}
			if err := f.SetSheetRow(parts[i], fmt.Sprintf("A%d", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(webtest.Root(), "internal/form/testdata/forms", name+".xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (c *city) send(t *testing.T, name string, content []byte) submission.Version {
	t.Helper()
	v, faults, err := c.Send(webtest.System(), c.id, name, content)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%s: %v %v", name, faults, err)
	}
	return v
}

func (c *city) take(ctx context.Context, xml string, pictures map[string][]byte) (*form.Receipt, error) {
	body, _ := webtest.Copy(xml, pictures)
	return c.Receive(ctx, c.id, body)
}

func instance(id, version, uuid, replaces, inner string) string {
	return fmt.Sprintf(`<data id="%s" version="%s">%s<meta><instanceID>%s</instanceID><deprecatedID>%s</deprecatedID></meta></data>`, id, version, inner, uuid, replaces)
}

func TestSend_AVersionThatSomebodyFilledInIsNotWrittenOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		ask := func(label, version string) []byte {
			return sheets(t, "survey", "type|name|label\ntext|spot|"+label, "settings", "form_title|form_id|version\n巡查|patrol|"+version)
		}
		first := c.send(t, "巡查.xlsx", ask("点位", "1"))
		mended := c.send(t, "巡查.xlsx", ask("点位写到门牌", "1"))
		if mended.ID != first.ID || mended.FormID != first.FormID {
			t.Errorf("a version that nobody filled in: %d of form %d, then %d of form %d", first.ID, first.FormID, mended.ID, mended.FormID)
		}
		if _, _, err := c.Send(webtest.System(), c.id, "巡查.xlsx", ask("点位写到门牌", "1")); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("the same file again: %v", err)
		}
		if _, err := c.take(webtest.System(), instance("patrol", "1", "uuid:1", "", "<spot>三号</spot>"), nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Send(webtest.System(), c.id, "巡查.xlsx", ask("改了", "1")); kernel.CodeOf(err) != kernel.Conflict || !strings.Contains(kernel.MessageOf(err), "version") {
			t.Errorf("over a version that was filled in: %v", err)
		}
		second := c.send(t, "巡查.xlsx", ask("改了", "2"))
		if second.FormID != first.FormID || second.ID == first.ID {
			t.Errorf("version 2 is %d of form %d", second.ID, second.FormID)
		}
		if _, err := c.take(webtest.System(), instance("patrol", "1", "uuid:2", "", "<spot>四号</spot>"), nil); err != nil {
			t.Errorf("a copy of version 1 from a phone that did not hear of version 2: %v", err)
		}
		seen, err := c.See(webtest.System(), c.id, first.FormID, 0)
		if err != nil || len(seen.Versions) != 2 || seen.VersionID != second.ID || len(seen.Copies) != 2 || seen.Versions[1].Copies != 2 {
			t.Errorf("%+v, %v", seen, err)
		}
	})
}

func TestSend_WithFaultsNothingIsStored(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite))
	bad := sheets(t, "survey", "type|name|label|relevant\ntext|spot|点位|\ntext|spot|又一个|\ntext|why|为什么|${nowhere} = 1", "settings", "form_title|form_id\n巡查|patrol")
	_, faults, err := c.Send(webtest.System(), c.id, "巡查.xlsx", bad)
	if err != nil || len(faults) != 2 || faults[0].Cell != "B3" || faults[1].Cell != "D4" {
		t.Errorf("%v, %v", faults, err)
	}
	if rows, _, err := c.Forms(webtest.System(), c.id); err != nil || len(rows) != 0 {
		t.Errorf("%d forms, %v", len(rows), err)
	}
}

func TestSend_WithoutSettingsTheFileNamesTheFormAndVersionsCountOn(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite))
	for i, label := range []string{"点位", "点位名"} {
		v := c.send(t, "河道巡查.xlsx", sheets(t, "survey", "type|name|label\ntext|spot|"+label))
		if v.Title != "河道巡查" || v.Version != fmt.Sprint(i+1) {
			t.Errorf("“%s” version %s", v.Title, v.Version)
		}
	}
	if _, _, err := c.Send(webtest.System(), c.id, "巡查 (2).xlsx", sheets(t, "survey", "type|name|label\ntext|spot|点位")); kernel.CodeOf(err) != kernel.Invalid || !strings.Contains(kernel.MessageOf(err), "form_id") {
		t.Errorf("a file whose name is no form's: %v", err)
	}
}

// TestReceive_StoresOnceAcrossDatabases: the copy over two requests, both twice.
func TestReceive_StoresOnceAcrossDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		v := c.send(t, "09.xlsx", example(t, "09-工地扬尘"))
		copyXML := instance("dust", v.Version, "uuid:77f0", "", "<site>一标段</site><photo1>a.jpg</photo1><photo2>b.jpg</photo2>")
		a, b := webtest.JPEG(t, 1), webtest.JPEG(t, 2)
		for i, want := range []struct {
			send    map[string][]byte
			first   bool
			missing int
		}{{map[string][]byte{"a.jpg": a}, true, 1}, {map[string][]byte{"b.jpg": b}, false, 0}, {map[string][]byte{"a.jpg": a}, false, 0}, {map[string][]byte{"b.jpg": b, "c.jpg": a}, false, 0}} {
			r, err := c.take(webtest.System(), copyXML, want.send)
			if err != nil || r.First != want.first || len(r.Missing) != want.missing {
				t.Fatalf("request %d: %+v, %v", i+1, r, err)
			}
		}
		var copies, files, evidences int
		for table, n := range map[string]*int{"submissions": &copies, "submission_files": &files, "evidence": &evidences} {
			if err := d.Reader().NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if copies != 1 || files != 2 || evidences != 2 {
			t.Errorf("%d copies, %d files, %d pieces of evidence", copies, files, evidences)
		}
		if _, err := c.take(webtest.System(), strings.Replace(copyXML, "一标段", "二标段", 1), nil); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("another copy under the same ID: %v", err)
		}
	})
}

func TestReceive_ACorrectionTakesThePlaceOfACopyInTheExport(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite))
	v := c.send(t, "巡查.xlsx", sheets(t, "survey", "type|name|label\ntext|spot|点位", "settings", "form_title|form_id|version\n巡查|patrol|1"))
	for _, x := range [][3]string{{"uuid:1", "", "三号"}, {"uuid:2", "uuid:1", "三号东"}} {
		if _, err := c.take(webtest.System(), instance("patrol", "1", x[0], x[1], "<spot>"+x[2]+"</spot>"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.take(webtest.System(), instance("patrol", "1", "uuid:3", "uuid:1", "<spot>四号</spot>"), nil); kernel.CodeOf(err) != kernel.Conflict {
		t.Errorf("a second correction of one copy: %v", err)
	}
	seen, err := c.See(webtest.System(), c.id, v.FormID, 0)
	if err != nil || len(seen.Copies) != 2 || seen.Copies[1].ReplacedBy != seen.Copies[0].ID {
		t.Fatalf("%+v, %v", seen.Copies, err)
	}
	if rows, _, err := c.Forms(webtest.System(), c.id); err != nil || rows[0].Copies != 1 || seen.Versions[0].Copies != 1 {
		t.Errorf("%d copies in the list, %d of the version, %v", rows[0].Copies, seen.Versions[0].Copies, err)
	}
	var b bytes.Buffer
	if err := seen.Current.WriteCSV(&b, c.Records(webtest.System(), seen.Viewer, v.ID), form.ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	if out := b.String(); !strings.Contains(out, "三号东") || strings.Count(out, "三号") != 1 {
		t.Errorf("export: %s", out)
	}
}

func TestSee_ListsCopiesByPages(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite))
	v := c.send(t, "巡查.xlsx", sheets(t, "survey", "type|name|label\ntext|spot|点位", "settings", "form_title|form_id|version\n巡查|patrol|1"))
	for i := range submission.Page + 3 {
		if _, err := c.take(webtest.System(), instance("patrol", "1", fmt.Sprintf("uuid:%d", i), "", "<spot>一</spot>"), nil); err != nil {
			t.Fatal(err)
		}
	}
	first, err := c.See(webtest.System(), c.id, v.FormID, 0)
	if err != nil || len(first.Copies) != submission.Page || first.Next == 0 {
		t.Fatalf("%d copies, next %d, %v", len(first.Copies), first.Next, err)
	}
	rest, err := c.See(webtest.System(), c.id, v.FormID, first.Next)
	if err != nil || len(rest.Copies) != 3 || rest.Next != 0 || rest.Copies[0].ID >= first.Copies[submission.Page-1].ID {
		t.Errorf("%d copies, next %d, %v", len(rest.Copies), rest.Next, err)
	}
}

func TestExamine_FindsACountThatDoesNotAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		c.send(t, "巡查.xlsx", sheets(t, "survey", "type|name|label\ntext|spot|点位", "settings", "form_title|form_id|version\n巡查|patrol|1"))
		for _, x := range [][2]string{{"uuid:1", ""}, {"uuid:2", "uuid:1"}, {"uuid:3", ""}} {
			if _, err := c.take(webtest.System(), instance("patrol", "1", x[0], x[1], "<spot>一</spot>"), nil); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := submission.Examine(t.Context(), d.Reader()); err != nil || len(list) != 0 {
			t.Errorf("all is well, yet %v, %v", list, err)
		}
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.NewRaw("UPDATE form_versions SET copies = 7").Exec(t.Context())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if list, err := submission.Examine(t.Context(), d.Reader()); err != nil || len(list) != 1 || !strings.Contains(list[0].Text, "记着 7，数出来 2") {
			t.Errorf("%v, %v", list, err)
		}
	})
}
