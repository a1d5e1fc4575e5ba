// Package examples holds the plans that the program brings along.
package examples

import _ "embed" // the plans

// Pinghe is the plan of the made-up city 平河, for practice.
//
//go:embed pinghe/plan.txt
var Pinghe []byte
