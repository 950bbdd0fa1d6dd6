// Text in columns, as wide as their content, and the small formats of table cells. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"

namespace lockstep {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as header
};

// Lines without trailing spaces, each with its line feed; three spaces between columns. No rows:
// "". An empty cell is printed as "-". Widths count code points.
std::string FormatTable(const Table& table);

// RFC 4180: commas between cells, quotes around those that need them, CR LF after each line; the
// header too, when there are no rows. An empty cell stays empty.
std::string FormatCsv(const Table& table);
// `text` without its first line.
std::string WithoutHeader(std::string text);

// `text` cut to `width` code points, the last one "…" when something is missing.
std::string CutToWidth(std::string_view text, std::size_t width);

// "7s", "3m5s", "2h10m", "4d3h", as kubectl writes ages.
std::string FormatDuration(std::chrono::seconds duration);
// Between two RFC 3339 times; an empty `end` means `now`. "" when there is no beginning.
std::string FormatSpan(std::string_view begin, std::string_view end, WallTime now);

}  // namespace lockstep
