// What Katib v0.19's collector does with a text log, as a peer of the parse bench: the whole file
// into one string, cut at line feeds, lines without any metric's name passed over, the filters'
// matches, rows as it allocates them, and a warning to the null device for each such line without a
// time. Less than the original in two ways, both in Go's favour: a warning has no header with time
// and caller, and the report over gRPC is left out.
//
//	parse_katib FILE FILTER METRIC...
//
// For every line on stdin: once more, and one line on stdout: nanoseconds, those of them in which
// the process had a core, rows, and a hash of the rows.
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"
)

type metric struct{ name, value string }

type metricLog struct {
	timestamp string
	metric    *metric
}

// Katib's goes to stderr, one write each.
var warnings *os.File

func warn(format string, arguments ...interface{}) {
	fmt.Fprintf(warnings, format+"\n", arguments...)
}

func collect(fileName string, metrics []string, filters []string) ([]*metricLog, error) {
	file, err := os.Open(fileName)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(content), "\n")
	var expressions []*regexp.Regexp
	for _, filter := range filters {
		expression, err := regexp.Compile(filter)
		if err != nil {
			return nil, err
		}
		expressions = append(expressions, expression)
	}
	rows := make([]*metricLog, 0, len(lines))
	for _, line := range lines {
		named := false
		for _, wanted := range metrics {
			if strings.Contains(line, wanted) {
				named = true
				break
			}
		}
		if named {
			rows = appendRowsOf(line, metrics, expressions, rows)
		}
	}
	return rows, nil
}

func appendRowsOf(line string, metrics []string, expressions []*regexp.Regexp, rows []*metricLog) []*metricLog {
	timestamp := time.Time{}.UTC().Format(time.RFC3339)
	if words := strings.SplitN(line, " ", 2); len(words) != 2 {
		warn("Metrics will not have timestamp since %s doesn't begin with timestamp string", line)
	} else if _, err := time.Parse(time.RFC3339Nano, words[0]); err != nil {
		warn("Metrics will not have timestamp since error parsing time %s: %v", words[0], err)
	} else {
		timestamp = words[0]
	}
	for _, expression := range expressions {
		for _, groups := range expression.FindAllStringSubmatch(line, -1) {
			if len(groups) < 3 {
				continue
			}
			name := strings.TrimSpace(groups[1])
			value := strings.TrimSpace(groups[2])
			for _, wanted := range metrics {
				if name == wanted {
					rows = append(rows, &metricLog{timestamp, &metric{name, value}})
					break
				}
			}
		}
	}
	return rows
}

func busyNanoseconds() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: parse_katib FILE FILTER METRIC...")
		os.Exit(2)
	}
	var err error
	if warnings, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
		fmt.Fprintln(os.Stderr, "parse_katib:", err)
		os.Exit(1)
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		busy := busyNanoseconds()
		begin := time.Now()
		rows, err := collect(os.Args[1], os.Args[3:], []string{os.Args[2]})
		took := time.Since(begin).Nanoseconds()
		busy = busyNanoseconds() - busy
		if err != nil {
			fmt.Fprintln(os.Stderr, "parse_katib:", err)
			os.Exit(1)
		}
		hash := fnv.New64a()
		for _, row := range rows {
			fmt.Fprintf(hash, "%s\t%s\t%s\n", row.timestamp, row.metric.name, row.metric.value)
		}
		fmt.Println(took, busy, len(rows), hash.Sum64())
	}
}
