package cases

import (
	"context"

	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// Photo is a file of a case with what does not fit about it, and the photographs that it repeats.
type Photo struct {
	evidence.File

	Doubts  []evidence.Doubt
	Matches []Match
}

// Match is a photograph that another one repeats, with the case it belongs to.
type Match struct {
	evidence.Match

	Case Case
}

// Photos lists the files of a case. What of them repeats another photograph of the campaign is told to who verifies:
// it names other units' cases.
func (s *Service) Photos(ctx context.Context, x Seen) ([]Photo, error) {
	files, err := evidence.Of(ctx, s.db.Reader(), x.CampaignID, Kind, x.ID)
	if err != nil {
		return nil, err
	}
	list := make([]Photo, 0, len(files))
	for _, f := range files {
		p := Photo{File: f, Doubts: evidence.Doubts(f, s.about(x.Case, f))}
		if x.Viewer.SeesAll() && f.Kind == evidence.Photo {
			if p.Matches, err = s.matches(ctx, x, f); err != nil {
				return nil, err
			}
		}
		list = append(list, p)
	}
	return list, nil
}

func (s *Service) about(c Case, f evidence.File) evidence.About {
	a := evidence.About{Now: s.clock.Now()}
	if c.Lat != nil && c.Lon != nil {
		a.Place = &evidence.Place{Lat: *c.Lat, Lon: *c.Lon}
	}
	if f.Purpose == evidence.After {
		a.NotBefore = c.DispatchedAt
	}
	return a
}

// matches lists the earlier photographs that a file repeats: a picture is not charged with what came after it.
func (s *Service) matches(ctx context.Context, x Seen, f evidence.File) ([]Match, error) {
	found, err := evidence.Similar(ctx, s.db.Reader(), x.CampaignID, f.ID)
	if err != nil {
		return nil, err
	}
	var list []Match
	for _, m := range found {
		if m.File.ID > f.ID || m.File.SubjectKind != Kind {
			continue
		}
		c := x.Case
		if m.File.SubjectID != x.ID {
			if c, err = load(ctx, s.db.Reader(), x.CampaignID, m.File.SubjectID); err != nil {
				return nil, err
			}
		}
		list = append(list, Match{m, c})
	}
	return list, nil
}

// File returns a file of a case that exists for the actor; it fails with not_found for every other.
func (s *Service) File(ctx context.Context, campaignID, id int64) (evidence.File, error) {
	missing := kernel.E(kernel.NotFound, "没有这个文件")
	v, err := s.Viewer(ctx, campaignID)
	if err != nil {
		return evidence.File{}, err
	}
	f, err := s.evidence.ByID(ctx, campaignID, id)
	if err != nil {
		return evidence.File{}, err
	}
	if f.SubjectKind != Kind {
		return evidence.File{}, missing
	}
	if _, _, err := visible(ctx, s.db.Reader(), v, f.SubjectID); err != nil {
		if kernel.CodeOf(err) == kernel.NotFound {
			return evidence.File{}, missing
		}
		return evidence.File{}, err
	}
	return f, nil
}
