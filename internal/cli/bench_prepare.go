package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// visitors are the people who come to the city, with what they know of it before.
type visitors struct {
	*benchCmd
	ground

	out    io.Writer
	kind   db.Kind
	server *process
	url    string

	campaign int64
	total    int // of cases
	today    kernel.Date
	unit     int64 // the one with most cases that has a liaison
	logins   []string
	officers int          // the first of them, who see everything
	office   *http.Client // somebody of the office
	liaison  *http.Client // somebody of that unit; nil where he has no account
	clients  []*http.Client
	jars     []*cookiejar.Jar
	paths    []string // of the office's pages
	units    []string // of the liaison's
}

const benchPassword = "correct-horse-staple"

// prepare looks at the city before the program runs on it, and gives people passwords: those of the office first, and
// at the end the liaison.
func (c *benchCmd) prepare(ctx context.Context, out io.Writer, g ground) (*visitors, error) {
	d, closeDB, err := g.openGround(ctx)
	if err != nil {
		return nil, err
	}
	defer closeDB() //nolint:errcheck // written is committed
	v := &visitors{benchCmd: c, ground: g, out: out, kind: d.Kind()}
	v.today, _ = kernel.ParseDate(c.until()[:len("2024-09-30")])
	campaigns := campaign.New(d, kernel.Clock{})
	list, err := campaigns.Visible(ctx)
	if err != nil || len(list) == 0 {
		return nil, cmp.Or(err, error(kernel.E(kernel.Invalid, "这里没有行动，先演练：pinzhi drill")))
	}
	v.campaign = list[0].ID
	seats, err := roster.SeatsOf(ctx, d.Reader(), v.campaign)
	if err != nil {
		return nil, err
	}
	matters := cases.New(d, kernel.Clock{}, calendar.New(d, kernel.Clock{}), campaigns, nil)
	units, err := fullest(ctx, matters, v.campaign, seats)
	if err != nil || len(units) == 0 {
		return nil, cmp.Or(err, error(kernel.E(kernel.Invalid, "这里没有派出过案件，测不了")))
	}
	var people []int64
	people, v.officers = peopleOf(seats, c.Clients)
	v.unit = units[0]
	if unit, person, ok := liaisonOf(seats, units); ok {
		v.unit, people = unit, append(people, person)
	}
	if len(people) <= c.Clients/2 {
		return nil, kernel.E(kernel.Invalid, "这份方案里的人太少，测不了")
	}
	if err := v.passwords(ctx, access.NewService(d, kernel.Clock{}), people); err != nil {
		return nil, err
	}
	return v, v.list(ctx, campaigns, matters, seats)
}

// fullest lists the units that lead any case, the one with most first.
func fullest(ctx context.Context, matters *cases.Service, campaignID int64, seats []roster.Seat) ([]int64, error) {
	lead := map[int64]int{}
	for _, s := range seats {
		if _, known := lead[s.UnitID]; known || s.UnitID == 0 {
			continue
		}
		counts, err := matters.CountByStep(ctx, campaignID, s.UnitID)
		if err != nil {
			return nil, err
		}
		lead[s.UnitID] = 0
		for _, n := range counts {
			lead[s.UnitID] += n
		}
	}
	units := slices.Collect(maps.Keys(lead))
	slices.SortFunc(units, func(a, b int64) int { return cmp.Or(cmp.Compare(lead[b], lead[a]), cmp.Compare(a, b)) })
	return slices.DeleteFunc(units, func(u int64) bool { return lead[u] == 0 }), nil
}

// liaisonOf finds the first of some units for which somebody sits who sees his unit's cases only.
func liaisonOf(seats []roster.Seat, units []int64) (unit, person int64, ok bool) {
	for _, unit := range units {
		for _, s := range seats {
			if s.UnitID == unit && !seesAll(seats, s.PersonID) {
				return unit, s.PersonID, true
			}
		}
	}
	return 0, 0, false
}

// seesAll: somebody who does is no measure of what a unit waits for.
func seesAll(seats []roster.Seat, person int64) bool {
	st := roster.Standing{PersonID: person, Seats: slices.DeleteFunc(slices.Clone(seats), func(s roster.Seat) bool { return s.PersonID != person })}
	return cases.Viewer{Standing: st}.SeesAll()
}

// peopleOf lists people, those of the office first, and says how many these are.
func peopleOf(seats []roster.Seat, most int) (ids []int64, officers int) {
	for _, office := range []bool{true, false} {
		for _, s := range seats {
			if (s.BodyKind == plan.Office) == office && !slices.Contains(ids, s.PersonID) && len(ids) < most {
				ids = append(ids, s.PersonID)
			}
		}
		if office {
			officers = len(ids)
		}
	}
	return ids, officers
}

func (v *visitors) passwords(ctx context.Context, accounts *access.Service, people []int64) error {
	for _, id := range people {
		a, err := accounts.ByPerson(ctx, id)
		if err != nil {
			return err
		}
		token, err := accounts.IssueLink(ctx, a.ID)
		if err != nil {
			return err
		}
		if _, err := accounts.RedeemLink(ctx, token, benchPassword); err != nil {
			return err
		}
		v.logins = append(v.logins, a.Login)
	}
	return nil
}

// list is every page inside a campaign, with one object of each kind: the one with most in it where they differ.
func (v *visitors) list(ctx context.Context, campaigns *campaign.Service, matters *cases.Service, seats []roster.Seat) error {
	tasks, err := campaigns.Tasks(ctx, v.campaign)
	if err != nil {
		return err
	}
	items, err := campaigns.ItemsOfTask(ctx, v.campaign, tasks[0].ID)
	if err != nil {
		return err
	}
	who, err := matters.Viewer(ctx, v.campaign)
	if err != nil {
		return err
	}
	lie, _, err := matters.Start(ctx, who, cases.Filter{})
	if err != nil {
		return err
	}
	box := lie.Box
	v.total = lie.Of
	seat := seats[slices.IndexFunc(seats, func(s roster.Seat) bool { return s.UnitID == v.unit })]
	v.paths = []string{"", "/tasks", fmt.Sprintf("/tasks/%d", tasks[0].ID), "/items", fmt.Sprintf("/items?after=0__%s_0", v.today),
		fmt.Sprintf("/items/%d", items[0].ID), "/gantt", fmt.Sprintf("/gantt?after=%d___0", tasks[len(tasks)/2].ID), fmt.Sprintf("/gantt?task=%d", tasks[0].ID), "/measures", "/phases",
		"/bodies", fmt.Sprintf("/bodies/%d", seat.BodyID), "/people", fmt.Sprintf("/people/%d", seat.PersonID),
		"/units", fmt.Sprintf("/units/%d", seat.UnitID), "/matrix", "/plan", "/checkup", "/search?q=" + url.QueryEscape("市场"), "/ledger", "/drafts",
		"/tasks.xlsx", "/people.xlsx", "/matrix.xlsx", "/plan/original"}
	lists := []string{"/cases", fmt.Sprintf("/cases?after=%d", v.total/2), "/cases?step=closed", "/cases?step=rectifying", "/cases?source=meeting", "/cases?category=" + url.QueryEscape("市容环境") + "&severity=serious",
		"/cases?late=1", "/cases?q=" + url.QueryEscape("垃圾"), "/cases?q=" + url.QueryEscape("垃圾") + "&step=rectifying", "/cases?q=" + url.QueryEscape("鹦鹉"), "/map", "/map?all=1"}
	midLon, midLat := (box.West+box.East)/2, (box.South+box.North)/2
	for _, part := range []float64{1, 0.3, 0.05} { // of the city
		w, h := (box.East-box.West)*part/2, (box.North-box.South)*part/2
		at := fmt.Sprintf("/map.json?bbox=%.4f,%.4f,%.4f,%.4f&zoom=%d", midLon-w, midLat-h, midLon+w, midLat+h, map[float64]int{1: 12, 0.3: 14, 0.05: 16}[part])
		lists = append(lists, at, at+"&all=1", at+"&all=1&severity=serious")
	}
	theirs, err := matters.List(ctx, who, cases.Filter{Unit: v.unit})
	if err != nil || len(theirs.Rows) == 0 {
		return cmp.Or(err, error(kernel.E(kernel.Invalid, "没有一个单位办过案件，测不了")))
	}
	v.units = append([]string{"/desk/unit", fmt.Sprintf("/cases/%d", theirs.Rows[0].ID)}, lists...)
	v.paths = append(append(v.paths, lists...), fmt.Sprintf("/cases/%d", v.total/2), fmt.Sprintf("/cases?unit=%d", v.unit), "/desk/office", "/desk/verifier", "/board", "/orders",
		"/cases/alike?words="+url.QueryEscape("路灯不亮")+"&address="+url.QueryEscape("解放路 12 号"))
	for _, list := range [][]string{v.paths, v.units} {
		for i, p := range list {
			list[i] = fmt.Sprintf("/c/%d%s", v.campaign, p)
		}
	}
	v.paths = append([]string{"/me", "/inbox"}, v.paths...)
	return nil
}

// signInAll signs everybody in, as people do.
func (v *visitors) signInAll(ctx context.Context) error {
	for _, login := range v.logins {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		c := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 2}, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		if err := postForm(ctx, c, v.url+"/signin", url.Values{"login": {login}, "password": {benchPassword}}); err != nil {
			return err
		}
		v.clients, v.jars = append(v.clients, c), append(v.jars, jar)
	}
	v.office = v.clients[0]
	if len(v.clients) > v.Clients {
		v.liaison = v.clients[len(v.clients)-1]
	}
	n := v.Clients // in turn, where the plan has fewer people
	for i := len(v.clients); i < n; i++ {
		v.clients, v.jars = append(v.clients, v.clients[i-len(v.logins)]), append(v.jars, v.jars[i-len(v.logins)])
	}
	v.clients, v.jars = v.clients[:n], v.jars[:n]
	return nil
}
