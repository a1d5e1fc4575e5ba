package cli

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"

	"github.com/goccy/go-yaml"
)

// planCmd holds what can be done with the text of a plan before any campaign exists.
type planCmd struct {
	Read planReadCmd `cmd:"" help:"读方案（.txt、.docx、.pdf），输出读出的内容和体检结果。"`
}

type planReadCmd struct {
	File   string `arg:"" help:"方案文件。" name:"file"`
	Format string `help:"输出格式：json、yaml、table。" enum:"json,yaml,table" default:"table"`
}

// Run reads the file and prints the Plan.
func (c *planReadCmd) Run(s *streams) error {
	data, err := readFile(c.File)
	if err != nil {
		return err
	}
	src, err := source.Read(filepath.Base(c.File), data)
	if err != nil {
		return err
	}
	p, err := plan.Read(src)
	if err != nil {
		return err
	}
	return writePlan(s.out, p, c.Format)
}

// maxPlanFile is one byte more than source.Read accepts, so that it, not we, says that the file is too large.
const maxPlanFile = source.MaxSize + 1

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, kernel.E(kernel.Invalid, "找不到文件“%s”。请检查路径。", name)
	case err != nil:
		return nil, kernel.E(kernel.Invalid, "打不开文件“%s”。请检查是否有读取权限。", name).Because(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, kernel.E(kernel.Invalid, "“%s”是文件夹，不是文件。请指定一个方案文件。", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPlanFile))
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "读文件“%s”时出错。请换一份文件再试。", name).Because(err)
	}
	return data, nil
}

func writePlan(w io.Writer, p *plan.Plan, format string) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(p)
	case "yaml":
		// Through JSON, so that both formats have the same keys and order.
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		out, err := yaml.JSONToYAML(b)
		if err != nil {
			return err
		}
		_, err = w.Write(out)
		return err
	default:
		return writePlanTable(w, p)
	}
}
