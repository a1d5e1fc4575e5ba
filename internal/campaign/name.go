package campaign

import (
	"regexp"
	"strings"

	"pinzhi/internal/plan"
)

var (
	planSuffix  = regexp.MustCompile(`(?:总体|实施|工作|行动)?(?:工作)?方案(?:[（(].*[）)])?$`)
	plainNotice = regexp.MustCompile(`关于(?:成立|调整|组建|建立|设立)?(.+?)(?:组成人员|成员)?的(?:通知|意见|决定|通告)$`)
	quotedIssue = regexp.MustCompile(`关于印发《?(.+?)》?的通知$`)
	placeEnd    = regexp.MustCompile(`^(.*?(?:省|自治区|市|州|盟|县|区|旗|镇|乡|街道))(?:人民政府|政府|党委|委员会|爱卫|委|办)`)
)

// NameOf is the campaign's name: the plan's title without the word for the paper.
func NameOf(p *plan.Plan) string {
	title := p.PlanTitle
	if title == "" {
		title = p.Title
		if m := quotedIssue.FindStringSubmatch(title); m != nil {
			title = m[1]
		} else if m := plainNotice.FindStringSubmatch(title); m != nil {
			title = m[1]
		}
	}
	name := planSuffix.ReplaceAllString(title, "")
	switch {
	case name == "":
		return title
	case strings.HasSuffix(title, "行动方案"):
		return name + "行动"
	}
	return name
}

// PlaceOf is whose units and people the plan means: 临汾市 for 临汾市人民政府办公室.
// An issuer that names no place stands for itself.
func PlaceOf(p *plan.Plan) string {
	issuer, _, _ := strings.Cut(p.Issuer, "、")
	if m := placeEnd.FindStringSubmatch(issuer); m != nil {
		return m[1]
	}
	if issuer != "" {
		return issuer
	}
	return NameOf(p)
}
