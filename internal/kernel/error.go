package kernel

import (
	"errors"
	"fmt"
)

// Code classifies an error by what its receiver can do about it.
// internal/web alone turns a code into an HTTP status; internal/cli turns it into an exit status.
type Code string

// The codes, few on purpose.
const (
	Invalid         Code = "invalid"         // the input is wrong: say which field and how to mend it
	Unauthenticated Code = "unauthenticated" // sign in first
	Forbidden       Code = "forbidden"       // signed in, but not allowed
	NotFound        Code = "not_found"       // no such object, or not one the actor may know of
	Conflict        Code = "conflict"        // the object is not in a state that allows this
	TooLarge        Code = "too_large"       // over a stated limit of size or count
	TooMany         Code = "too_many"        // over a stated limit of rate
	Unavailable     Code = "unavailable"     // try again later
	Internal        Code = "internal"        // our fault: the cause goes to the log
)

// Error is an error with a code and a Chinese sentence its reader can act on.
type Error struct {
	Code    Code
	Message string // Chinese: what, where, what to do
	Field   string // the form field or JSON key concerned, or ""
	Err     error  // the cause, for the log only
}

// Error implements error; the cause is included because this text goes to logs, not to readers.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// E makes an Error of the given code; args fill format.
func E(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// On names the form field that the error concerns.
func (e *Error) On(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Because attaches the cause, which only the log sees.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// CodeOf returns the code of err: "" for nil, Internal for an error without one.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// MessageOf returns the sentence for the reader; an error without one is not shown as it is.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return "系统内部出错，已记入日志。请稍后再试；若仍不行，把页面上的编号告诉管理员。"
}
