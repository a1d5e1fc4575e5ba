package submission

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
)

// Ailment is a count that does not agree with what it counts.
type Ailment struct {
	CampaignID int64
	Text       string
}

// Examine recounts the copies of every version. It reads everything, so it takes its time; it changes nothing.
func Examine(ctx context.Context, tx db.Tx) (list []Ailment, err error) {
	var rows []struct {
		CampaignID    int64
		Title         string
		Version       string
		Kept, Counted int64
	}
	err = tx.NewRaw(`SELECT fv.campaign_id, fv.title, fv.version, fv.copies AS kept, count(sb.id) AS counted FROM form_versions fv
		LEFT JOIN submissions sb ON sb.campaign_id = fv.campaign_id AND sb.version_id = fv.id AND sb.replaced_by = 0
		GROUP BY fv.campaign_id, fv.id, fv.title, fv.version, fv.copies HAVING fv.copies <> count(sb.id)`).Scan(ctx, &rows)
	for _, r := range rows {
		list = append(list, Ailment{r.CampaignID, fmt.Sprintf("表单“%s”第 %s 版的填报：记着 %d，数出来 %d", r.Title, r.Version, r.Kept, r.Counted)})
	}
	return list, err
}
