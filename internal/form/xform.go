package form

import (
	"bytes"
	"crypto/md5" //nolint:gosec // OpenRosa asks for it, as a mark of change
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strings"

	"pinzhi/internal/kernel"
)

// XForm writes a form as ODK clients download it (https://getodk.github.io/xforms-spec/). It fails with invalid where
// the form has no ID or title.
func (f *Form) XForm() ([]byte, error) {
	if f.ID == "" || f.Title == "" {
		return nil, kernel.E(kernel.Invalid, "表单没有 form_id 或 form_title，请在 settings 里写上")
	}
	w := &xformWriter{form: f}
	w.document()
	return w.out.Bytes(), nil
}

// Hash is the mark of an XForm in a form list: md5: and its MD5 in hex.
func Hash(xform []byte) string {
	sum := md5.Sum(xform) //nolint:gosec // as above
	return "md5:" + hex.EncodeToString(sum[:])
}

// xformWriter writes the elements of an XForm.
type xformWriter struct {
	out   bytes.Buffer
	form  *Form
	itext []itext
}

// itext is a text that the body refers to by its id.
type itext struct {
	id   string
	at   *entry
	text template
}

// attributes are names and values by turns; those without a value are left out.
type attributes []string

func (w *xformWriter) open(name string, attrs ...string) { w.start(name, ">", attrs) }

func (w *xformWriter) empty(name string, attrs ...string) { w.start(name, "/>", attrs) }

func (w *xformWriter) start(name, end string, attrs attributes) {
	w.put("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			w.put(" " + attrs[i] + `="`)
			w.escape(attrs[i+1])
			w.put(`"`)
		}
	}
	w.put(end)
}

func (w *xformWriter) put(text string) { w.out.WriteString(text) }

func (w *xformWriter) close(name string) { w.put("</" + name + ">") }

func (w *xformWriter) element(name, text string) {
	w.open(name)
	w.escape(text)
	w.close(name)
}

func (w *xformWriter) escape(text string) {
	_ = xml.EscapeText(&w.out, []byte(text)) // a buffer takes everything
}

func (w *xformWriter) document() {
	w.put(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.open("h:html", "xmlns", "http://www.w3.org/2002/xforms", "xmlns:h", "http://www.w3.org/1999/xhtml",
		"xmlns:ev", "http://www.w3.org/2001/xml-events", "xmlns:xsd", "http://www.w3.org/2001/XMLSchema",
		"xmlns:jr", "http://openrosa.org/javarosa", "xmlns:orx", "http://openrosa.org/xforms", "xmlns:odk", "http://www.opendatakit.org/xforms")
	w.open("h:head")
	w.element("h:title", w.form.Title)
	w.open("model", "odk:xforms-version", "1.0.0")
	w.gatherTexts()
	w.texts()
	w.instance()
	w.lists()
	w.binds()
	w.firstValues()
	w.close("model")
	w.close("h:head")
	w.open("h:body")
	w.body(w.form.root)
	w.close("h:body")
	w.close("h:html")
	w.put("\n")
}

func (e *entry) textID(what string) string { return e.absolute() + ":" + what }

// gatherTexts lists what goes into itext: labels, hints, and messages with answers in them.
func (w *xformWriter) gatherTexts() {
	for _, e := range w.form.all() {
		for _, x := range []struct {
			what string
			text template
		}{{"label", e.label}, {"hint", e.hint}, {"jr:requiredMsg", e.requiredText.withAnswers()}, {"jr:constraintMsg", e.constraintText.withAnswers()}} {
			if len(x.text) > 0 {
				w.itext = append(w.itext, itext{e.textID(x.what), e, x.text})
			}
		}
	}
}

// withAnswers is the text if an answer stands in it, else nothing.
func (t template) withAnswers() template {
	for _, p := range t {
		if p.ref != nil {
			return t
		}
	}
	return nil
}

func (w *xformWriter) texts() {
	if len(w.itext) == 0 {
		return
	}
	w.open("itext")
	w.open("translation", "lang", orElse(w.form.Language, "default"), "default", "true()")
	for _, x := range w.itext {
		w.open("text", "id", x.id)
		w.open("value")
		for _, p := range x.text {
			if p.ref == nil {
				w.escape(p.text)
				continue
			}
			w.empty("output", "value", x.at.pathFrom(p.ref.target))
		}
		w.close("value")
		w.close("text")
	}
	w.close("translation")
	w.close("itext")
}

func (w *xformWriter) instance() {
	w.open("instance")
	w.open("data", "id", w.form.ID, "version", w.form.Version)
	w.nodes(w.form.root, true)
	w.open("meta")
	w.empty("instanceID")
	if w.form.title != nil {
		w.empty("instanceName")
	}
	w.close("meta")
	w.close("data")
	w.close("instance")
}

// nodes writes the items within e as nodes with their defaults; of a repeat a template, and, outside of one, the first
// instance.
func (w *xformWriter) nodes(e *entry, first bool) {
	for _, x := range e.items {
		switch x.Kind {
		case Repeat:
			if name := x.countNode(); name != "" {
				w.empty(name)
			}
			w.put("<" + x.Name + ` jr:template="">`)
			w.nodes(x, false)
			w.close(x.Name)
			if first {
				w.open(x.Name)
				w.nodes(x, first)
				w.close(x.Name)
			}
		case Group:
			w.open(x.Name)
			w.nodes(x, first)
			w.close(x.Name)
		default:
			w.defaultOf(x)
		}
	}
}

func (w *xformWriter) defaultOf(e *entry) {
	if e.Default == "" || e.begins != nil || e.computed != nil {
		w.empty(e.Name)
		return
	}
	w.element(e.Name, e.Default)
}

// countNode is the node that holds how many instances a repeat has; "" where the count is an answer itself.
func (e *entry) countNode() string {
	if e.counted == nil {
		return ""
	}
	if ref, plain := e.counted.(*reference); plain && ref.target != nil {
		return ""
	}
	name := e.Name + "_count"
	for e.parent.child(name) != nil {
		name += "_"
	}
	return name
}

func (w *xformWriter) lists() {
	for _, l := range w.form.Lists {
		w.open("instance", "id", l.Name)
		w.open("root")
		for _, c := range l.Choices {
			w.open("item")
			w.element("name", c.Name)
			w.element("label", c.Label)
			for _, column := range sortedColumns(c) {
				w.element(column, c.Columns[column])
			}
			w.close("item")
		}
		w.close("root")
		w.close("instance")
	}
}

var bindTypes = map[Kind]string{Integer: "int", Decimal: "decimal", Day: "date", Image: "binary", Geopoint: "geopoint"}

func (w *xformWriter) binds() {
	for _, e := range w.form.all() {
		w.bind(e)
	}
	w.empty("bind", "nodeset", instanceRoot+"/meta/instanceID", "type", "string", "readonly", "true()", "jr:preload", "uid")
	if w.form.title != nil {
		w.empty("bind", "nodeset", instanceRoot+"/meta/instanceName", "type", "string", "calculate", w.form.xpath(w.form.root, "instance_name", w.form.InstanceName))
	}
}

func (w *xformWriter) bind(e *entry) {
	express := func(column, text string) string {
		if text == "" {
			return ""
		}
		return w.form.xpath(e, column, text)
	}
	if name := e.countNode(); name != "" {
		w.empty("bind", "nodeset", e.parent.absolute()+"/"+name, "type", "string", "readonly", "true()", "calculate", express("repeat_count", e.RepeatCount))
	}
	relevant := express("relevant", e.Relevant)
	if e.Holds() {
		if relevant != "" {
			w.empty("bind", "nodeset", e.absolute(), "relevant", relevant)
		}
		return
	}
	readOnly := w.condition(e, "read_only", e.readOnlyIf, e.ReadOnly)
	if e.Kind == Note || e.computed != nil && e.Kind != Calculate {
		readOnly = "true()"
	}
	w.empty("bind", "nodeset", e.absolute(), "type", orElse(bindTypes[e.Kind], "string"),
		"required", w.condition(e, "required", e.requiredIf, e.Required), "jr:requiredMsg", w.message(e, "jr:requiredMsg", e.requiredText, e.RequiredMessage),
		"relevant", relevant, "constraint", express("constraint", e.Constraint), "jr:constraintMsg", w.message(e, "jr:constraintMsg", e.constraintText, e.ConstraintMessage),
		"calculate", express("calculation", e.Calculation), "readonly", readOnly)
}

// condition writes a condition that may be a plain yes.
func (w *xformWriter) condition(e *entry, column string, t term, text string) string {
	switch t.(type) {
	case nil:
		return ""
	case literal:
		return "true()"
	}
	return w.form.xpath(e, column, text)
}

func (w *xformWriter) message(e *entry, what string, t template, text string) string {
	if t.withAnswers() != nil {
		return "jr:itext('" + e.textID(what) + "')"
	}
	return text
}

// firstValues are the computed defaults of questions outside of repeats; those within stand in their repeat.
func (w *xformWriter) firstValues() {
	for _, e := range w.form.all() {
		if !e.inRepeat() {
			w.firstValue(e, "odk-instance-first-load")
		}
	}
}

func (w *xformWriter) firstValue(e *entry, event string) {
	if e.begins != nil && e.computed == nil {
		w.empty("setvalue", "event", event, "ref", e.absolute(), "value", w.form.xpath(e, "default", e.Default))
	}
}

func (e *entry) inRepeat() bool {
	for at := e.parent; at != nil; at = at.parent {
		if at.Kind == Repeat {
			return true
		}
	}
	return false
}

var controls = map[Kind]string{SelectOne: "select1", SelectMultiple: "select", Image: "upload"}

func (w *xformWriter) body(e *entry) {
	for _, x := range e.items {
		switch x.Kind {
		case Calculate:
		case Group:
			w.open("group", "ref", x.absolute(), "appearance", x.Appearance)
			w.says(x)
			w.body(x)
			w.close("group")
		case Repeat:
			w.repeat(x)
		default:
			w.control(x)
		}
	}
}

func (w *xformWriter) repeat(e *entry) {
	w.open("group", "ref", e.absolute())
	w.says(e)
	count, fixed := "", ""
	if e.counted != nil {
		count, fixed = e.parent.absolute()+"/"+e.countNode(), "true()"
		if ref, plain := e.counted.(*reference); plain && ref.target != nil {
			count = ref.target.absolute()
		}
	}
	w.open("repeat", "nodeset", e.absolute(), "jr:count", count, "jr:noAddRemove", fixed, "appearance", e.Appearance)
	for _, x := range w.form.all() {
		if x.innermostRepeat() == e {
			w.firstValue(x, "odk-instance-first-load odk-new-repeat")
		}
	}
	w.body(e)
	w.close("repeat")
	w.close("group")
}

func (e *entry) innermostRepeat() *entry {
	for at := e.parent; at != nil; at = at.parent {
		if at.Kind == Repeat {
			return at
		}
	}
	return nil
}

func (w *xformWriter) control(e *entry) {
	name := orElse(controls[e.Kind], "input")
	mediaType := ""
	if e.Kind == Image {
		mediaType = "image/*"
	}
	w.open(name, "ref", e.absolute(), "appearance", e.Appearance, "mediatype", mediaType)
	w.says(e)
	if e.Chooses() {
		set := fmt.Sprintf("instance('%s')/root/item", e.List)
		if e.ChoiceFilter != "" {
			set += "[" + w.form.xpath(e, "choice_filter", e.ChoiceFilter) + "]"
		}
		w.open("itemset", "nodeset", set)
		w.empty("value", "ref", "name")
		w.empty("label", "ref", "label")
		w.close("itemset")
	}
	w.close(name)
}

// says writes the label and the hint of an item.
func (w *xformWriter) says(e *entry) {
	for _, x := range []struct {
		what string
		text template
	}{{"label", e.label}, {"hint", e.hint}} {
		if len(x.text) > 0 {
			w.empty(x.what, "ref", "jr:itext('"+e.textID(x.what)+"')")
		}
	}
}

// Listed is a form in a form list.
type Listed struct {
	ID, Version, Title string
	Hash               string // of its XForm
	DownloadURL        string // absolute
}

// XFormsList writes the list of forms that a client may download (https://docs.getodk.org/openrosa-form-list/).
func XFormsList(forms []Listed) []byte {
	w := &xformWriter{}
	w.put(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.open("xforms", "xmlns", "http://openrosa.org/xforms/xformsList")
	for _, x := range forms {
		w.open("xform")
		w.element("formID", x.ID)
		w.element("name", x.Title)
		w.element("version", x.Version)
		w.element("hash", x.Hash)
		w.element("downloadUrl", x.DownloadURL)
		w.close("xform")
	}
	w.close("xforms")
	return w.out.Bytes()
}

// Response writes what a client is answered; it shows the message to its user. nature is "submit_success",
// "submit_error" or "" (https://docs.getodk.org/openrosa-http/).
func Response(nature, message string) []byte {
	w := &xformWriter{}
	w.put(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.open("OpenRosaResponse", "xmlns", "http://openrosa.org/http/response")
	w.open("message", "nature", nature)
	w.escape(strings.TrimSpace(message))
	w.close("message")
	w.close("OpenRosaResponse")
	return w.out.Bytes()
}
