package submission

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
)

// Filled is a copy as it was filled in here. A picture's answer is the UUID of its upload with an ending.
type Filled struct {
	InstanceID string // made with the page: handing in twice changes nothing
	Answers    form.Answers
}

// Fill works out what follows from answers at this moment; it stores nothing.
func (s *Service) Fill(ctx context.Context, campaignID, versionID int64, answers form.Answers) (*form.State, error) {
	_, f, err := s.VersionOf(ctx, campaignID, versionID)
	if err != nil {
		return nil, err
	}
	return f.Fill(answers, s.clock.Now()), nil
}

// HandIn keeps a copy that was filled in here, with its pictures. Where something in it does not hold, the state says
// what, and nothing is stored. It fails with not_found for a picture that is not there or another's.
func (s *Service) HandIn(ctx context.Context, campaignID, versionID int64, in Filled) (c Copy, state *form.State, err error) {
	v, err := s.viewer(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return c, nil, err
	}
	f, err := s.formOf(ctx, s.db.Reader(), campaignID, versionID)
	if err != nil {
		return c, nil, err
	}
	state = f.Fill(in.Answers, s.clock.Now())
	if len(state.Faults) > 0 {
		return c, state, nil
	}
	b := inbox{s, v}
	sub := &form.Submission{FormID: f.ID, Version: f.Version, ID: in.InstanceID, Answers: state.Answers(), Files: pictures(state.Fields, nil)}
	if !validInstance(sub.ID) {
		return c, nil, kernel.E(kernel.Invalid, "这一页过期了，请从表单重新打开再填")
	}
	incoming, err := s.received(ctx, v, sub.Files)
	if err != nil {
		return c, nil, err
	}
	content, err := json.Marshal(sub.Answers)
	if err != nil {
		return c, nil, err
	}
	if c, err = b.copyOf(ctx, sub, content); err != nil {
		return c, nil, err
	}
	c.Instance = "" // no XML came
	err = s.db.Write(ctx, func(tx db.Tx) error {
		if _, err := b.keep(ctx, tx, c, sub); err != nil {
			return err
		}
		if c, err = called(ctx, tx, v.ID, sub.ID); err != nil {
			return err
		}
		for i, file := range incoming {
			if err := b.attach(ctx, tx, c, sub.Files[i], file); err != nil {
				return err
			}
		}
		return nil
	})
	return c, state, err
}

func validInstance(id string) bool {
	rest, ok := strings.CutPrefix(id, "uuid:")
	return ok && len(rest) >= 16 && len(rest) <= 64 && !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' })
}

// received are the uploads that pictures' names speak of.
func (s *Service) received(ctx context.Context, v Viewer, names []string) ([]evidence.Incoming, error) {
	if len(names) == 0 {
		return nil, nil
	}
	uuids := make([]string, len(names))
	for i, name := range names {
		uuids[i] = strings.TrimSuffix(name, path.Ext(name))
	}
	list, err := s.evidence.Received(ctx, v.ID, v.Actor.AccountID, uuids)
	if err == nil && len(list) != len(names) {
		err = kernel.E(kernel.Internal, "照片没有收齐").Because(fmt.Errorf("%d of %d uploads", len(list), len(names)))
	}
	return list, err
}

// pictures lists the names of the pictures in answers that are asked for.
func pictures(fields []*form.Field, names []string) []string {
	for _, f := range fields {
		switch {
		case !f.Relevant:
		case f.Kind == form.Image && f.Value != "":
			names = append(names, f.Value)
		}
		if f.Relevant {
			names = pictures(f.Instances, pictures(f.Fields, names))
		}
	}
	return names
}
