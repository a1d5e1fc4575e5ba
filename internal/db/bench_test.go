package db_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

// BenchmarkWrite writes four rows a call, as a typical step of a case does, from many callers at once.
func BenchmarkWrite(b *testing.B) {
	for _, kind := range []db.Kind{db.SQLite, db.Postgres} {
		for _, callers := range []int{1, 8, 32} { // times GOMAXPROCS
			b.Run(fmt.Sprintf("%s/%d", kind, callers), func(b *testing.B) {
				d := dbtest.Open(b, kind)
				var n atomic.Int64
				b.SetParallelism(callers)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := writeFour(b, d, n.Add(4)); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			})
		}
	}
}

func writeFour(b *testing.B, d *db.DB, n int64) error {
	ctx := b.Context()
	return d.Write(ctx, func(tx db.Tx) error {
		for i := range int64(4) {
			if err := put(ctx, tx, fmt.Sprint(n+i), "a value of ordinary length"); err != nil {
				return err
			}
		}
		return nil
	})
}
