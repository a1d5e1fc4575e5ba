package plan

// Person is one human being behind appointments of a plan.
type Person struct {
	Name         string
	Unit         string   // "" where no appointment names one
	Posts        []string // as printed, each once, in the order of the text
	Appointments []Membership
}

// Membership is an appointment with the body it is in.
type Membership struct {
	Appointment

	Body string
	At   [2]int // its place: Bodies[At[0]].Appointments[At[1]]
}

// People groups the appointments of a plan into persons. Equal names are one person only where the unit agrees; an
// appointment that names no unit joins the only person of that name.
func People(p *Plan) []Person {
	var out []Person
	byName := map[string][]int{}
	add := func(m Membership, alone bool) bool {
		for _, i := range byName[m.Name] {
			if out[i].Unit == m.Unit || alone && len(byName[m.Name]) == 1 {
				out[i].Appointments = append(out[i].Appointments, m)
				if m.Post != "" && !contains(out[i].Posts, m.Post) {
					out[i].Posts = append(out[i].Posts, m.Post)
				}
				return true
			}
		}
		return false
	}
	for _, unknown := range []bool{false, true} {
		for i, b := range p.Bodies {
			for j, a := range b.Appointments {
				m := Membership{Appointment: a, Body: b.Name, At: [2]int{i, j}}
				if (a.Unit == "") != unknown || add(m, unknown) {
					continue
				}
				byName[a.Name] = append(byName[a.Name], len(out))
				person := Person{Name: a.Name, Unit: a.Unit, Appointments: []Membership{m}}
				if a.Post != "" {
					person.Posts = []string{a.Post}
				}
				out = append(out, person)
			}
		}
	}
	return out
}
