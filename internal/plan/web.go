package plan

import (
	"html"
	"strings"
)

// pageFurniture are lines of a web page around a plan that was copied out of it: buttons, links, the way to the page.
var pageFurniture = lazy(`^(?:【?打印(?:本页|此页|页面|文章)?】?|【?关闭(?:本页|窗口)?】?|字号[:：]?|[【\[]?[大中小]+[】\]]?|\[|\]|\||收藏|分享(?:到)?[:：]?|微信|微博|QQ空间|返回顶部|返回首页|下载|纠错|我要纠错|无障碍(?:阅读)?|视力保护色[:：]?|繁体|简体|TOP)+$`)

// pageLines begin lines that belong to the page, never to the plan.
var pageLines = []string{"扫一扫", "当前位置", "您的位置", "您现在的位置", "您当前的位置", "首页>", "首页＞", "首页»", "上一篇", "下一篇", "相关文件", "相关链接", "相关解读", "政策解读", "解读链接", "分享到",
	"浏览次数", "浏览量", "点击数", "点击次数", "阅读次数", "访问量", "主办单位：", "版权所有", "网站标识码", "ICP备", "网站地图", "联系我们", "技术支持：", "附件下载", "打印本页", "【打印", "【关闭", "【字体", "【字号", "[打印", "字号：", "字体：", "责任编辑", "信息来源", "文章来源", "稿件来源", "作者：", "编辑：", "审核：", "发布时间："}

// isFurniture reports a line of the page around the plan.
func isFurniture(l string) bool {
	if l == "" || runeLen(l) > 70 || strings.ContainsRune(l, '\t') {
		return false
	}
	s := squeeze(l)
	if pageFurniture().MatchString(s) && runeLen(s) > 1 {
		return true
	}
	for _, w := range pageLines {
		if strings.HasPrefix(s, w) {
			return !strings.ContainsAny(s, "。；")
		}
	}
	return false
}

// unescape writes &nbsp; and the like as the characters they stand for, a span of spaces for each.
func unescape(l string) string {
	if !strings.ContainsRune(l, '&') {
		return l
	}
	return strings.ReplaceAll(html.UnescapeString(l), "\u00a0", " ")
}
