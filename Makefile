# make test is what CI runs, on a fresh clone too. make run shows Linfen's campaign in the browser.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.PHONY: run test build bootstrap assets generate check lint bench fuzz clean

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 20s

run: build
	bin/pinzhi serve --open examples/linfen-2023/plan.txt

build: bootstrap assets
	go build -o bin/pinzhi ./cmd/pinzhi

test: bootstrap assets check
	go test ./...
	go test -race ./internal/db/... ./internal/ledger/...

bootstrap:
	@script/bootstrap

# What the browser gets is embedded in the program.
assets:
	@if [ -x script/assets ]; then script/assets; fi

# After changing a .templ file. The result is committed, so that go build needs no tool.
generate:
	go tool templ generate

check:
	go vet ./...
	@unformatted=$$(gofmt -l cmd internal); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'd:" $$unformatted >&2; exit 1; fi

lint:
	go run $(GOLANGCI) run

bench: build
	bin/pinzhi bench

# Every fuzz target for a while: each guards a reader of foreign bytes.
fuzz:
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

clean:
	rm -rf bin node_modules coverage.out internal/web/assets/dist/*
