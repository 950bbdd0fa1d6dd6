// The log that the parse bench reads: what trainers print, made up, the same bytes every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lockstep::bench {

struct ParseLog {
  std::string text;  // whole lines
  std::uint64_t lines = 0;
  std::uint64_t metric_lines = 0;  // that report loss and accuracy, in one of three ways
};

// At least `bytes` of Python logging, progress bars (one line for all their states, told apart by
// carriage returns), JSON, long lines, and lines with metrics:
//   2026-11-22T06:30:00.123456Z epoch=3 step=120 loss=0.2183 accuracy=0.914 lr=0.001
//   2026-11-22T06:30:00Z INFO {metricName: loss, metricValue: 0.5};{metricName: accuracy, ...}
//   train loss : 0.5, train accuracy : 0.9
ParseLog MakeParseLog(std::size_t bytes);
// The same, but every other line reports loss and accuracy.
ParseLog MakeDenseParseLog(std::size_t bytes);

}  // namespace lockstep::bench
