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
	Body string
	Appointment
}

// People groups the appointments of a plan into persons. Equal names are one person only where the unit agrees; an
// appointment that names no unit joins the only person of that name.
func People(p *Plan) []Person {
	var out []Person
	byName := map[string][]int{}
	add := func(m Membership, any bool) bool {
		for _, i := range byName[m.Name] {
			if out[i].Unit == m.Unit || any && len(byName[m.Name]) == 1 {
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
		for _, b := range p.Bodies {
			for _, a := range b.Appointments {
				if (a.Unit == "") != unknown || add(Membership{b.Name, a}, unknown) {
					continue
				}
				byName[a.Name] = append(byName[a.Name], len(out))
				person := Person{Name: a.Name, Unit: a.Unit, Appointments: []Membership{{b.Name, a}}}
				if a.Post != "" {
					person.Posts = []string{a.Post}
				}
				out = append(out, person)
			}
		}
	}
	return out
}
