// WriteMetricLine: one metric line to one file descriptor.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace lockstep {

// Writes `TIME epoch=STEP name=value ...` and a line feed with one write(2): a reader on the other
// end of a pipe sees a whole line or nothing, also when several processes share the pipe. `where`
// is for the message ("stdout", a path). DeadlineExceeded: a reader that stopped reading for 30 s.
Status WriteMetricLine(int fd, std::string_view where, Clock& clock, std::int64_t step,
                       const std::vector<std::pair<std::string_view, double>>& values);

}  // namespace lockstep
