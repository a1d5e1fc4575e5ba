package form

import "fmt"

// Fault is one thing that is wrong with a form, with where it stands: in a workbook by Sheet and Cell (survey, C7), in
// a definition by Item (household/age) and Column (relevant). Message is Chinese and says what to do.
type Fault struct {
	Sheet   string `json:"sheet,omitempty"`
	Cell    string `json:"cell,omitempty"`
	Item    string `json:"item,omitempty"`
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`

	item   *Item
	list   *List
	choice int // of the list
}

// String says the place, then the message: survey!C7 before a full-width colon.
func (f Fault) String() string {
	switch {
	case f.Cell != "":
		return fmt.Sprintf("%s!%s：%s", f.Sheet, f.Cell, f.Message)
	case f.Sheet != "":
		return fmt.Sprintf("%s：%s", f.Sheet, f.Message)
	case f.Item != "":
		return fmt.Sprintf("%s（%s）：%s", f.Item, f.Column, f.Message)
	}
	return f.Message
}
