package plan

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// traditional maps characters that scanning and OCR leave in a text written in simplified characters.
// Only those that no simplified text uses, so that a name is never changed.
var traditional = lazyMap("學学萬万與与專专業业東东兩两嚴严個个豐丰臨临為为麗丽舉举義义樂乐習习鄉乡書书買买亂乱爭争虧亏雲云亞亚產产親亲億亿僅仅從从倉仓儀仪們们價价眾众優优會会傘伞偉伟傳传傷伤倫伦偽伪體体債债傾倾僑侨儉俭" +
	"兒儿黨党蘭兰關关興兴養养獸兽內内岡冈冊册寫写軍军農农衝冲決决況况凍冻淨净準准減减憑凭鳳凤擊击鑿凿劃划劉刘則则剛刚創创刪删別别劑剂勸劝辦办務务動动勵励勁劲勞劳勢势區区醫医華华協协單单賣卖衛卫廠厂廳厅歷历壓压縣县參参雙双發发變变" +
	"葉叶號号嘆叹嗎吗聽听啟启員员響响團团園园圍围國国圖图圓圆聖圣場场壞坏塊块堅坚壇坛墳坟壘垒處处備备復复夠够頭头奪夺奮奋婦妇媽妈孫孙寧宁寶宝實实審审憲宪宮宫寬宽賓宾對对尋寻導导將将爾尔塵尘嘗尝層层屬属歲岁島岛師师帳帐帶带幫帮幹干" +
	"廣广莊庄慶庆應应庫库廟庙廢废開开異异棄弃張张彌弥彎弯強强歸归當当錄录徑径徹彻憶忆憂忧懷怀態态總总戀恋惡恶懸悬驚惊慣惯憤愤願愿戲戏戰战戶户撲扑執执擴扩掃扫揚扬擾扰撫抚搶抢護护報报擔担擬拟擁拥擇择掛挂揮挥損损換换據据攝摄敵敌數数" +
	"斷断無无舊旧時时曠旷顯显曉晓暫暂術术機机殺杀雜杂權权條条來来楊杨極极構构槍枪標标棧栈樹树樣样橋桥檔档檢检樓楼歐欧歡欢殘残毀毁畢毕氣气漢汉湯汤溝沟滬沪淚泪潑泼澤泽潔洁測测濟济濃浓渦涡潤润漲涨漁渔溫温灣湾濕湿滿满濾滤濱滨滅灭燈灯災灾" +
	"爐炉點点煉炼熱热煙烟燒烧愛爱爺爷獎奖獨独獄狱猶犹獲获環环現现電电畫画療疗瘋疯監监蓋盖盤盘礦矿碼码確确礎础禮礼禍祸種种積积稱称穩稳窮穷競竞筆笔築筑簡简糧粮緊紧糾纠紅红約约級级紀纪純纯綱纲納纳縱纵紙纸紋纹線线練练組组細细織织終终經经結结給给絡络" +
	"絕绝統统繼继績绩續续維维綜综綠绿緩缓編编緣缘網网罰罚罷罢職职聯联聰聪肅肃腸肠脫脱臟脏藝艺節节蘇苏藥药虛虚蟲虫雖虽補补見见規规視视覽览覺觉觀观觸触計计訂订認认討讨讓让訓训議议訊讯記记講讲許许論论設设訪访證证評评識识訴诉診诊詞词試试詩诗誠诚話话該该詳详語语誤误說说請请" +
	"諸诸課课調调談谈謀谋謝谢譜谱豬猪貝贝負负財财責责賢贤敗败貨货質质販贩貪贪貧贫購购貫贯費费貿贸賀贺資资賽赛贊赞贏赢趙赵躍跃車车軌轨轉转輪轮軟软輕轻載载較较輔辅輛辆輩辈輸输轄辖邊边達达過过運运還还這这進进遠远違违連连遲迟適适選选遞递遺遗鄧邓鄭郑鄰邻釋释裡里針针鋼钢錢钱鐵铁" +
	"銀银銷销鎖锁鍋锅鍵键鎮镇長长門门閃闪閉闭問问間间閣阁閱阅隊队陽阳陰阴陣阵階阶際际陸陆陳陈險险隨随隱隐難难靜静頂顶項项順顺須须預预領领頻频題题顏颜額额風风飛飞飯饭飲饮館馆馬马駐驻駕驾驗验騎骑魚鱼鮮鲜鳥鸟鹽盐麥麦黃黄齊齐齒齿龍龙")

// mendLines repairs what scanning did to single lines and reports each repair. Lines keep their numbers;
// a line taken out is left empty.
func mendLines(lines []string) ([]string, []Finding) {
	out := make([]string, len(lines))
	for i, l := range lines {
		if out[i] = trimLine(unescape(l)); isFurniture(out[i]) {
			out[i] = ""
		}
	}
	var found []Finding
	found = append(found, dropPageNumbers(out)...)
	found = append(found, dropRunningHeads(out, found)...)
	var words []Finding
	for i, l := range out {
		fixed, more := mendWords(l, i+1)
		out[i] = fixed
		words = append(words, more...)
	}
	return out, append(found, summedUp(words)...)
}

// summedUp reports a text written in traditional characters once, not line by line.
func summedUp(words []Finding) []Finding {
	if len(words) <= 20 {
		return words
	}
	first, last := words[0].Lines, words[len(words)-1].Lines
	return []Finding{{"traditional_text", Info, fmt.Sprintf("全文有%d处繁体字或夹杂英文，已按简体读，人名请核对。", len(words)), span(first, last)}}
}

// invisible characters that web pages and word processors put between others.
var invisible = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer("\u200b", "", "\ufeff", "", "\u200c", "", "\u200d", "", "\u2060", "", "\u00ad", "", "\u200e", "", "\u200f", "", "\u00a0", " ")
})

// trimLine takes the spaces around a line away, but not the tabs before the first filled cell of a table's row.
func trimLine(l string) string {
	l = invisible().Replace(l)
	whole := trim(l)
	if runeLen(whole) >= 4 && strings.Trim(whole, "─━—－-_=*＊═～~·.…　 ") == "" {
		return "" // a rule drawn with characters
	}
	if left := strings.TrimLeft(l, " 　"); strings.HasPrefix(left, "\t") && strings.ContainsRune(whole, '\t') {
		return strings.TrimRightFunc(left, isSpace)
	}
	return whole
}

var pageNumber = lazy(`^(?:[-—－–―·\s]+\d{1,3}[-—－–―·\s]+|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?|\d{1,3}\s*/\s*\d{1,3})$`)

// dropPageNumbers takes out — 3 —, 第3页 and, where they count upwards through the text, bare numbers.
func dropPageNumbers(lines []string) []Finding {
	drop := map[int]bool{}
	for i, l := range lines {
		if l != "" && len(l) < 40 && pageNumber().MatchString(l) {
			drop[i] = true
		}
	}
	for _, i := range append(countingLines(lines), bareAmongPages(lines, drop)...) {
		drop[i] = true
	}
	var found []Finding
	for i := range lines {
		if drop[i] {
			found = append(found, Finding{"page_number", Info, fmt.Sprintf("第%d行“%s”是页码，已略去。", i+1, lines[i]), Lines{i + 1, i + 1}})
			lines[i] = ""
		}
	}
	return found
}

// bareAmongPages finds bare numbers that fill a gap in pages numbered otherwise: 3 before — 4 —.
func bareAmongPages(lines []string, pages map[int]bool) []int {
	known := map[int]bool{}
	for i := range pages {
		known[number(strings.TrimFunc(lines[i], func(r rune) bool { return !isDigit(r) }))] = true
	}
	var out []int
	for i, l := range lines {
		if l == "" || len(l) > 3 || !isDigit(firstRune(l)) {
			continue
		}
		if n := number(l); n > 0 && !known[n] && (known[n-1] || known[n+1]) {
			out = append(out, i)
		}
	}
	if len(out) > 3 {
		return nil // a table's column
	}
	return out
}

// countingLines finds bare numbers that count pages: one more each time, at least eight lines apart.
func countingLines(lines []string) []int {
	var at []int
	next, last := 0, -100
	for i, l := range lines {
		if l == "" || len(l) > 3 || number(l) < 1 || !isDigit(firstRune(l)) {
			continue
		}
		n := number(l)
		if len(at) > 0 && (n != next || i-last < 8) {
			return nil // a table's column, not pages
		}
		if len(at) == 0 && n > 2 {
			return nil
		}
		at, next, last = append(at, i), n+1, i
	}
	if len(at) < 2 {
		return nil
	}
	return at
}

// dropRunningHeads takes out a line that stands beside page numbers at least twice. Where it repeats the title of the
// paper, its first place is the title itself.
func dropRunningHeads(lines []string, pages []Finding) []Finding {
	beside := map[string]map[int]bool{}
	for _, p := range pages {
		for _, step := range []int{-1, 1} {
			i := p.Lines[0] - 1 + step
			for i >= 0 && i < len(lines) && lines[i] == "" {
				i += step
			}
			if i < 0 || i >= len(lines) {
				continue
			}
			if beside[lines[i]] == nil {
				beside[lines[i]] = map[int]bool{}
			}
			beside[lines[i]][i] = true
		}
	}
	var found []Finding
	for i, l := range lines {
		at := beside[l]
		if len(at) < 2 || !at[i] || runeLen(l) < 4 || runeLen(l) > 40 || hasAnySuffix(l, "。", "；", "：", ":", ";") {
			continue
		}
		if endsAsTitleOfPaper(l) && firstLineOf(lines, l) == i {
			continue
		}
		found = append(found, runningHead(i, l))
		lines[i] = ""
	}
	return append(found, dropFirstHead(lines, beside)...)
}

func runningHead(i int, l string) Finding {
	return Finding{"running_head", Info, fmt.Sprintf("第%d行“%s”是页眉或页脚，已略去。", i+1, l), Lines{i + 1, i + 1}}
}

// dropFirstHead takes out the running head of the first page: it stands above everything, the title it repeats
// comes again below the notice.
func dropFirstHead(lines []string, beside map[string]map[int]bool) []Finding {
	first := slices.IndexFunc(lines, func(l string) bool { return l != "" })
	if first < 0 || len(beside[lines[first]]) < 2 {
		return nil
	}
	head := lines[first]
	if again := slices.Index(lines[first+1:], head); again < 0 || beside[head][first] {
		return nil
	}
	lines[first] = ""
	return []Finding{runningHead(first, head)}
}

func firstLineOf(lines []string, l string) int {
	for i, x := range lines {
		if x == l {
			return i
		}
	}
	return -1
}

var strayAnd = lazy(`(\p{Han}) ?and ?(\p{Han})`)

// mendWords puts back 和 for a stray "and" and simplified for traditional characters.
func mendWords(l string, line int) (string, []Finding) {
	var found []Finding
	if strings.Contains(l, "and") && strayAnd().MatchString(l) {
		l = strayAnd().ReplaceAllString(l, "${1}和${2}")
		found = append(found, Finding{"stray_word", Info, fmt.Sprintf("第%d行中文里夹着“and”，已按“和”读。", line), Lines{line, line}})
	}
	var changed []string
	fixed := strings.Map(func(r rune) rune {
		if s, ok := traditional()[r]; ok {
			changed = append(changed, string(r)+"→"+string(s))
			return s
		}
		return r
	}, l)
	if len(changed) > 0 {
		found = append(found, Finding{"traditional_character", Info,
			fmt.Sprintf("第%d行有繁体字，已按简体读：%s。", line, strings.Join(changed, "、")), Lines{line, line}})
	}
	return fixed, found
}

func lazyMap(pairs string) func() map[rune]rune {
	return sync.OnceValue(func() map[rune]rune {
		runes := []rune(pairs)
		m := make(map[rune]rune, len(runes)/2)
		for i := 0; i+1 < len(runes); i += 2 {
			m[runes[i]] = runes[i+1]
		}
		return m
	})
}
