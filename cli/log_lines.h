// LogLines: which lines of a job's log are shown. Pure.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/rank_set.h"
#include "runtime/base/clock.h"

namespace re2 {
class RE2;
}

namespace lockstep {

struct LogLineOptions {
  bool merged = false;  // lines begin with "[RANK] ", which neither grep nor since looks at
  RankSet ranks;        // of a merged log
  std::string grep;     // RE2; empty: every line
  // Lines since then, by the RFC 3339 time that a line begins with. A line without one belongs to
  // the line of its rank before it; before the first time all are shown.
  std::optional<WallTime> since;
  std::optional<std::size_t> tail;  // no more than so many of the lines that are there already
};

class LogLines {
 public:
  // InvalidArgument: grep is no RE2.
  static Result<LogLines> Create(LogLineOptions options);

  // What is to be shown now that `piece` has been read.
  std::string Take(std::string_view piece);
  // The same when everything has been read that was there: what comes later is no tail.
  std::string CaughtUp();
  // The same at the end of the log, an unfinished last line included.
  std::string End();

 private:
  explicit LogLines(LogLineOptions options) : options_(std::move(options)) {}
  bool IsShown(std::string_view line);
  void Add(std::string_view line, std::string& shown);

  LogLineOptions options_;
  std::shared_ptr<const re2::RE2> grep_;
  std::string partial_;           // a line without its end
  std::deque<std::string> tail_;  // until caught up
  bool caught_up_ = false;
  std::map<int, bool> is_new_;  // by rank: whether its last line with a time is since then
};

}  // namespace lockstep
