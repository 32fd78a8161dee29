// Package mlog stands in for monis.app/mlog, which the Go module proxy does not serve: as much of it as the
// webhook's pod mutator uses, on top of logr.
package mlog

import (
	"os"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
)

// LogLevel is a level by its name in the webhook's --log-level.
type LogLevel string

// The levels, from the quietest to the most talkative.
const (
	LevelWarning LogLevel = ""
	LevelInfo    LogLevel = "info"
	LevelDebug   LogLevel = "debug"
	LevelTrace   LogLevel = "trace"
	LevelAll     LogLevel = "all"
)

// Enabled reports whether messages of the level are written: warnings and information are.
func Enabled(level LogLevel) bool {
	return level == LevelWarning || level == LevelInfo
}

// Logger writes one line of JSON for each message.
type Logger struct {
	sink logr.Logger
}

// New returns the process's logger, which writes to stderr.
func New() Logger {
	return Logger{funcr.NewJSON(func(line string) { _, _ = os.Stderr.WriteString(line + "\n") }, funcr.Options{LogTimestamp: true})}
}

// Logr is the logger as controller-runtime takes it.
func (l Logger) Logr() logr.Logger {
	return l.sink
}

// WithName adds to the name that each message bears.
func (l Logger) WithName(name string) Logger {
	return Logger{l.sink.WithName(name)}
}

// WithValues adds fields to each message.
func (l Logger) WithValues(keysAndValues ...any) Logger {
	return Logger{l.sink.WithValues(keysAndValues...)}
}

// Info writes a message of what goes its usual way.
func (l Logger) Info(message string, keysAndValues ...any) {
	l.sink.Info(message, keysAndValues...)
}

// Error writes a message of what went wrong.
func (l Logger) Error(message string, err error, keysAndValues ...any) {
	l.sink.Error(err, message, keysAndValues...)
}
