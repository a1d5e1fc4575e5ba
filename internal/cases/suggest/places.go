package suggest

import (
	"regexp"
	"strings"
)

// sites are units named after what they run: people say the name of the place.
var sites = regexp.MustCompile(`(火车站|高铁站|[东西南北]站|机场|景区|公园|风景区|开发区|高新区|新区|[^省市]区|县|街道|[乡镇])(?:人民政府|管委会|管理委员会|服务中心|管理中心|管理处|管理局|办事处|党工委)?$`)

// scenic parts the name of a park or the like from what sort of park it is.
var scenic = regexp.MustCompile(`^(?:市|县|区)?(.{2,3}?)(?:文化|生态|风景|旅游|国家|湿地|森林|城市|遗址|名胜)*(?:景区|公园|风景区)`)

var officeEnd = regexp.MustCompile(`(?:人民政府|管委会|管理委员会|服务中心|管理中心|管理处|管理局|办事处|党工委)$`)

var zone = regexp.MustCompile(`(?:经济|高新|技术|产业)+(?:技术)?(?:产业)?开发区|高新区|经开区|新区`)

// aliasesOf are the words by which people name the place that a unit runs or governs, none for other units.
func aliasesOf(name string) (out []string) {
	if !sites.MatchString(name) {
		return nil
	}
	place := officeEnd.ReplaceAllString(name, "")
	out = append(out, fold(place))
	if m := scenic.FindStringSubmatch(name); m != nil {
		return append(out, m[1]+"公园", m[1]+"景区", m[1]+"边", m[1]+"岸")
	}
	switch {
	case strings.HasSuffix(place, "火车站"):
		out = append(out, "火车站")
	case strings.HasSuffix(place, "机场"):
		out = append(out, "机场")
	case zone.MatchString(place):
		out = append(out, "开发区", "经开区", "高新区")
	case strings.HasSuffix(place, "站"):
		runes := []rune(place)
		out = append(out, string(runes[max(0, len(runes)-2):]))
	}
	return out
}
