package form

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pinzhi/internal/kernel"
)

// Submission is one filled-in copy as a client hands it in.
type Submission struct {
	FormID, Version string
	ID              string // its instanceID: uuid:…
	Replaces        string // its deprecatedID: the copy that this one corrects
	Answers         Answers
	Files           []string // the names of the pictures it speaks of, in order
}

const (
	maxInstance      = 8 << 20
	maxInstanceDepth = 40
	maxInstanceID    = 100
)

// element is an element of an XML document.
type element struct {
	name  string
	attrs []xml.Attr
	text  string
	kids  []*element
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// named are the children of that name.
func (e *element) named(name string) (list []*element) {
	for _, k := range e.kids {
		if k.name == name {
			list = append(list, k)
		}
	}
	return list
}

func (e *element) first(name string) *element {
	if list := e.named(name); len(list) > 0 {
		return list[0]
	}
	return &element{}
}

var errNotInstance = kernel.E(kernel.Invalid, "提交的答卷读不出来，请在手机上重新发送")

// ReadInstanceHead reads which form and version a copy is of, and its ID, before its form is known.
func ReadInstanceHead(content []byte) (*Submission, error) {
	_, in, err := readHead(content)
	return in, err
}

func readHead(content []byte) (*element, *Submission, error) {
	if len(content) > maxInstance {
		return nil, nil, kernel.E(kernel.TooLarge, "答卷超过 %d MB", maxInstance>>20)
	}
	root, err := readElements(content)
	if err != nil {
		return nil, nil, errNotInstance.Because(err)
	}
	meta := root.first("meta")
	in := &Submission{
		FormID: root.attr("id"), Version: root.attr("version"),
		ID: strings.TrimSpace(meta.first("instanceID").text), Replaces: strings.TrimSpace(meta.first("deprecatedID").text),
	}
	switch {
	case in.FormID == "":
		return nil, nil, kernel.E(kernel.Invalid, "答卷没有说是哪张表单，请在手机上重新下载表单再填")
	case in.ID == "" || len(in.ID) > maxInstanceID || strings.ContainsFunc(in.ID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, nil, kernel.E(kernel.Invalid, "答卷没有编号（instanceID）或编号不对，请在手机上重新发送")
	}
	return root, in, nil
}

// ReadInstance reads a copy of this form as an ODK client hands it in. What it does not say is empty: a default does not
// come back. It fails with invalid for what is no copy of a form, and with conflict for a copy of another form; whether
// the answers hold is for Fill to say.
func (f *Form) ReadInstance(content []byte) (*Submission, error) {
	root, in, err := readHead(content)
	if err != nil {
		return nil, err
	}
	if in.FormID != f.ID || in.Version != f.Version {
		return nil, kernel.E(kernel.Conflict, "答卷是表单“%s”第“%s”版的，这里是“%s”第“%s”版", in.FormID, in.Version, f.ID, f.Version)
	}
	in.Answers = in.answers(f.root, root)
	return in, nil
}

// answers reads the items within e.
func (in *Submission) answers(e *entry, from *element) Answers {
	a := Answers{}
	known := map[string]bool{"meta": e.parent == nil}
	for _, x := range e.items {
		known[x.Name], known[x.countNode()] = true, true
		found := from.named(x.Name)
		switch x.Kind {
		case Repeat:
			list := []any{}
			for _, one := range found {
				if !one.isTemplate() {
					list = append(list, in.answers(x, one))
				}
			}
			a[x.Name] = list
		case Group:
			a[x.Name] = in.answers(x, from.first(x.Name))
		default:
			a[x.Name] = in.answer(x, from.first(x.Name).text)
		}
	}
	for _, k := range from.kids {
		if !known[k.name] {
			a[k.name] = k.text // Fill says that nobody asked for it
		}
	}
	return a
}

func (e *element) isTemplate() bool {
	return slices.ContainsFunc(e.attrs, func(a xml.Attr) bool { return a.Name.Local == "template" })
}

func (in *Submission) answer(e *entry, text string) string {
	text = clean(text)
	if e.Kind != Text {
		text = strings.TrimSpace(text)
	}
	if e.Kind == Image && text != "" && e.wrong(text) == "" {
		in.Files = append(in.Files, text)
	}
	return text
}

// readElements reads an XML document. It takes no DOCTYPE, so no entities but XML's own.
func readElements(content []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(content)) //nolint:gosec // it makes no objects: elements, counted, and no entities
	top := &element{}
	open := []*element{top}
	count := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch x := t.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(open) > maxInstanceDepth {
				return nil, fmt.Errorf("%d elements, %d deep", count, len(open))
			}
			e := &element{name: x.Name.Local, attrs: x.Attr}
			last.kids = append(last.kids, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(x)
		case xml.Directive:
			return nil, errors.New("a DOCTYPE")
		}
	}
	if len(top.kids) != 1 {
		return nil, fmt.Errorf("%d root elements", len(top.kids))
	}
	return top.kids[0], nil
}
