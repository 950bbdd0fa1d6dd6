#include "cli/log_lines.h"

#include <re2/re2.h>

#include <charconv>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr int kNoRank = -1;  // a line of the init commands, or of a log of one rank

// Takes "[RANK] " off `line`.
int TakeRank(std::string_view& line) {
  int rank = kNoRank;
  const std::size_t close = line.find("] ");
  if (!line.starts_with('[') || close == line.npos) return kNoRank;
  const char* const end = line.data() + close;
  const auto [stop, error] = std::from_chars(line.data() + 1, end, rank);
  if ((error != std::errc() || stop != end) && !line.starts_with("[init] ")) return kNoRank;
  line.remove_prefix(close + 2);
  return error == std::errc() ? rank : kNoRank;
}

}  // namespace

Result<LogLines> LogLines::Create(LogLineOptions options) {
  LogLines lines(std::move(options));
  if (!lines.options_.grep.empty()) {
    auto grep = std::make_shared<re2::RE2>(lines.options_.grep, re2::RE2::Quiet);
    if (!grep->ok()) {
      return InvalidArgument("--grep '" + lines.options_.grep + "' is no RE2: " + grep->error());
    }
    lines.grep_ = std::move(grep);
  }
  return lines;
}

bool LogLines::IsShown(std::string_view line) {
  const int rank = options_.merged ? TakeRank(line) : kNoRank;
  if (options_.merged && !options_.ranks.is_all() && !options_.ranks.Contains(rank)) return false;
  if (options_.since) {
    auto& is_new = is_new_.try_emplace(rank, true).first->second;
    const Result<WallTime> time = ParseTime(line.substr(0, line.find_first_of(" \t\r\n")));
    if (time.ok()) is_new = *time >= *options_.since;
    if (!is_new) return false;
  }
  return grep_ == nullptr || re2::RE2::PartialMatch({line.data(), line.size()}, *grep_);
}

void LogLines::Add(std::string_view line, std::string& shown) {
  if (!IsShown(line)) return;
  if (caught_up_ || !options_.tail) {
    shown.append(line).append("\n");
    return;
  }
  tail_.emplace_back(line);
  if (tail_.size() > *options_.tail) tail_.pop_front();
}

std::string LogLines::Take(std::string_view piece) {
  std::string shown;
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    if (end == piece.npos) {
      partial_ += piece;
      break;
    }
    if (partial_.empty()) {
      Add(piece.substr(0, end), shown);
    } else {
      Add(partial_.append(piece.substr(0, end)), shown);
      partial_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  return shown;
}

std::string LogLines::CaughtUp() {
  std::string shown;
  for (const std::string& line : tail_) shown.append(line).append("\n");
  tail_.clear();
  caught_up_ = true;
  return shown;
}

std::string LogLines::End() {
  std::string shown;
  if (!partial_.empty()) Add(std::exchange(partial_, {}), shown);
  return CaughtUp() + shown;
}

}  // namespace lockstep
