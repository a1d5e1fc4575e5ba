package db_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPairs_CutChineseIntoPairsAndWordsIntoEndings(t *testing.T) {
	for text, want := range map[string]string{
		"":           "",
		"市":          "市",
		"临汾市":        "临汾 汾市 市",
		"汾河、东街":      "汾河 河 东街 街",
		"Ab1":        "ab1 b1 1",
		"２４号":        "24 4 号",
		"临政办发〔2023〕": "临政 政办 办发 发 2023 023 23 3",
	} {
		if diff := cmp.Diff(want, strings.Join(db.Pairs(text), " ")); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// searchable puts a bare search_entries in place of the one that room campaign owns.
func searchable(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx db.Tx) error {
		if _, err := tx.NewRaw("drop table if exists search_entries").Exec(t.Context()); err != nil {
			return err
		}
		_, err := tx.NewRaw("create table search_entries (campaign_id bigint, id bigint)").Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// index replaces all that campaign 1 can find.
func index(ctx context.Context, d *db.DB, texts ...string) error {
	return d.Write(ctx, func(tx db.Tx) error {
		if _, err := tx.NewRaw("delete from search_entries").Exec(ctx); err != nil {
			return err
		}
		for i, text := range texts {
			id := int64(i + 1)
			if _, err := tx.NewRaw("insert into search_entries (campaign_id, id) values (1, ?)", id).Exec(ctx); err != nil {
				return err
			}
			if err := db.PutSearchText(ctx, tx, 1, id, text); err != nil {
				return err
			}
		}
		return nil
	})
}

func find(ctx context.Context, d *db.DB, query string) ([]int64, error) {
	clause, args := db.SearchClause(d.Kind(), 1, query)
	ids := []int64{}
	err := d.Reader().NewRaw("select id from search_entries where campaign_id = 1 and "+clause+" order by id", args...).
		Scan(ctx, &ids)
	return ids, err
}

func TestSearch_FindsWhatPeopleType(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		searchable(t, d)
		ctx := t.Context()
		if err := index(ctx, d, "尧都区解放路农贸市场污水横流", "市城市管理局 电话 0357-2091234", "H7N9 应急预案（试行）", "解放思想 农贸"); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string][]int64{
			"农贸":      {1, 4},
			"解放路":     {1},
			"放路 污水":   {1},
			"流":       {1},
			"市":       {1, 2},
			"1234":    {2},
			"09":      {2},
			"h7":      {3},
			"N９ 预案":   {3},
			"城市管理":    {2},
			"管理城市":    {},
			"解放农贸":    {},
			"，。":      {},
			"' OR \"": {},
			"a*":      {},
		} {
			got, err := find(ctx, d, query)
			if err != nil {
				t.Errorf("%s: %v", query, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
	})
}

func TestSearch_FindsEveryStretchOfAText(t *testing.T) {
	texts := rapid.StringOfN(rapid.RuneFrom([]rune("临汾市尧都区𠮷々ab1２Ｃ-，〔 ")), 1, 60, -1)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		searchable(t, d)
		rapid.Check(t, func(rt *rapid.T) {
			text := []rune(texts.Draw(rt, "text"))
			from := rapid.IntRange(0, len(text)-1).Draw(rt, "from")
			to := rapid.IntRange(from+1, len(text)).Draw(rt, "to")
			query := string(text[from:to])
			if err := index(t.Context(), d, string(text)); err != nil {
				rt.Fatal(err)
			}
			got, err := find(t.Context(), d, query)
			if err != nil {
				rt.Fatal(err)
			}
			if found := len(got) == 1; found == (len(db.Pairs(query)) == 0) {
				rt.Fatalf("searching %q in %q found %v", query, string(text), got)
			}
		})
	})
}

func TestSearch_ForgetsWhatWasReplacedOrDeleted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		searchable(t, d)
		ctx := t.Context()
		if err := index(ctx, d, "旧名"); err != nil {
			t.Fatal(err)
		}
		if err := index(ctx, d, "新名"); err != nil {
			t.Fatal(err)
		}
		wantFound(t, d, "旧名", 0)
		wantFound(t, d, "新名", 1)
		if err := d.Write(ctx, func(tx db.Tx) error { return db.DeleteSearchText(ctx, tx, 1, 1) }); err != nil {
			t.Fatal(err)
		}
		wantFound(t, d, "新名", 0)
	})
}

func wantFound(t *testing.T, d *db.DB, query string, want int) {
	t.Helper()
	got, err := find(t.Context(), d, query)
	if err != nil || len(got) != want {
		t.Errorf("%s: found %v, %v; want %d", query, got, err, want)
	}
}

// TestCasesWith_FindsWhatWaitsAsWhatIsIndexed: cases come in by the dozen, some are corrected, and each is found by what
// it says now, page by page from the newest on.
func TestCasesWith_FindsWhatWaitsAsWhatIsIndexed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		words := []string{"路灯不亮", "垃圾堆放", "井盖破损", "占道经营", "24 号门前", "ab12 楼"}
		bodies, next := map[int64]string{}, int64(1)
		text := func(n int64) string { return words[n%5] + "，" + words[n%6] }
		for next < 700 {
			err := d.Write(ctx, func(tx db.Tx) error {
				var list []db.Text
				for range 1 + next%13 {
					bodies[next] = text(next)
					list = append(list, db.Text{CampaignID: 1 + next%2, ID: next, Body: bodies[next]})
					next++
				}
				if err := db.AddCaseTexts(ctx, tx, list...); err != nil {
					return err
				}
				for _, id := range []int64{next - 1, next / 2} { // one that waits, one that does so no longer
					bodies[id] = "更正" + text(id+1)
					if err := db.PutCaseText(ctx, tx, 1+id%2, id, bodies[id]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			switch next % 5 {
			case 0:
				continue
			case 1:
				if err := d.IndexWords(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for _, query := range []string{"路灯", "圾堆", "24", "b1", "更正占", "灯", "垃圾 井盖"} {
				wantPages(t, d, query, bodies)
			}
		}
	})
}

func wantPages(t *testing.T, d *db.DB, query string, bodies map[int64]string) {
	t.Helper()
	var want, got []int64
	for id := int64(len(bodies)); id > 0; id-- {
		ok := id%2 == 0 // of campaign 1
		for word := range strings.FieldsSeq(query) {
			ok = ok && strings.Contains(bodies[id], word)
		}
		if ok {
			want = append(want, id)
		}
	}
	for before := int64(1 << 40); ; {
		ids, err := d.CasesWith(t.Context(), 1, query, before, 40)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids...)
		if len(ids) < 40 {
			break
		}
		before = ids[39]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("of %d, %s: %s", len(bodies), query, diff)
	}
}

// TestCasesWith_WithoutItsIndex: the file of the index is lost, is another database's, or knows of cases that an older
// copy of the database does not have; each time it is made anew, and all is found meanwhile.
func TestCasesWith_WithoutItsIndex(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	fill := func(name string, cases int64) {
		t.Helper()
		d := openMigrated(t, path(name))
		bodies(t, d, cases)
		if err := errors.Join(d.IndexWords(ctx), d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	fill("a.db", 30)
	copyFile(t, path("a.db"), path("older.db"))
	fill("a.db", 50)
	fill("b.db", 40)
	for name, change := range map[string]func(){
		"lost":  func() { must(t, os.Remove(path("a-words.db"))) },
		"other": func() { copyFile(t, path("b-words.db"), path("a-words.db")) },
		"older": func() { copyFile(t, path("older.db"), path("a.db")) },
	} {
		change()
		d := openMigrated(t, path("a.db"))
		for _, indexed := range []bool{false, true} {
			if indexed {
				must(t, d.IndexWords(ctx))
			}
			ids, err := d.CasesWith(ctx, 1, "路灯", math.MaxInt64, 100)
			var want int64
			must(t, d.Reader().NewRaw("select count(*) from case_text").Scan(ctx, &want))
			if err != nil || int64(len(ids)) != want {
				t.Errorf("%s, indexed %v: found %d of %d, %v", name, indexed, len(ids), want, err)
			}
		}
		must(t, d.Close())
	}
}

// bodies makes cases up to a number found by 路灯.
func bodies(t *testing.T, d *db.DB, upto int64) {
	t.Helper()
	must(t, d.Write(t.Context(), func(tx db.Tx) error {
		var last int64
		if err := tx.NewRaw("select coalesce(max(id), 0) from case_text").Scan(t.Context(), &last); err != nil {
			return err
		}
		for id := last + 1; id <= upto; id++ {
			if err := db.AddCaseTexts(t.Context(), tx, db.Text{CampaignID: 1, ID: id, Body: "路灯不亮"}); err != nil {
				return err
			}
		}
		return nil
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openMigrated(t *testing.T, path string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), path)
	must(t, err)
	must(t, d.Migrate(t.Context()))
	return d
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o600))
}
