#include "tests/fuzz/log_check.h"

#include <algorithm>

#include "operators/observe/log_reader.h"
#include "operators/observe/summarize.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr std::size_t kCutsMax = 64;
constexpr std::size_t kBytesMax = 200;  // of a log that is also handed over byte by byte

struct WholeLog {
  std::vector<MetricRow> rows;
  std::string error;  // then how far it came depends on the pieces
  std::uint64_t bad = 0;
  std::uint64_t first_bad = 0;
  friend bool operator==(const WholeLog&, const WholeLog&) = default;

  bool Add(const Result<ParsedText>& parsed) {
    if (!parsed.ok()) {
      rows.clear();
      error = parsed.status().message();
      return false;
    }
    rows.insert(rows.end(), parsed->rows.begin(), parsed->rows.end());
    if (bad == 0) first_bad = parsed->bad.first_line;
    bad += parsed->bad.count;
    return true;
  }
};

// As an operator reads: what is there up to `cut`, and once it has grown, the rest behind what was
// consumed.
WholeLog ReadTwice(const LogParser& parser, std::string_view log, std::size_t cut) {
  WholeLog whole;
  const auto first = parser.Parse(log.substr(0, cut), false);
  if (!whole.Add(first)) return whole;
  CHECK(first->consumed <= cut);
  const auto rest = parser.Parse(log.substr(first->consumed), true, first->lines);
  if (whole.Add(rest)) {
    CHECK(first->consumed + rest->consumed == log.size()) << "at the end every byte counts";
  }
  return whole;
}

// As `lockstep metrics parse` reads.
WholeLog ReadByBytes(const LogParserOptions& options, std::string_view log) {
  WholeLog whole;
  auto reader = LogReader::Create(options);
  CHECK(reader.ok()) << reader.status().message();
  const auto keep = [&](const ParsedRow& row) { whole.rows.push_back(row.Copy()); };
  Status status;
  for (std::size_t at = 0; at < log.size() && status.ok(); ++at) {
    status = reader->Read(log.substr(at, 1), keep);
  }
  if (status.ok()) status = reader->End(keep);
  if (!status.ok()) whole.Add(status);
  whole.bad = reader->bad().count;
  whole.first_bad = reader->bad().first_line;
  return whole;
}

}  // namespace

void CheckLog(const LogParserOptions& options, std::string_view log) {
  const auto parser = LogParser::Create(options);
  if (!parser.ok()) {
    CHECK(parser.status().kind() == StatusKind::kInvalidArgument);
    CHECK(!parser.status().message().empty());
    return;
  }
  const WholeLog whole = ReadTwice(**parser, log, 0);
  for (const MetricRow& row : whole.rows) {
    CHECK(std::ranges::find(options.metrics, row.name) != options.metrics.end()) << row.name;
    CHECK(row.step >= 0) << row.step;
  }
  const std::size_t stride = log.size() / kCutsMax + 1;
  for (std::size_t cut = 1; cut < log.size(); cut += stride) {
    CHECK(ReadTwice(**parser, log, cut) == whole) << "cut at " << cut;
  }
  if (log.size() <= kBytesMax) {
    const WholeLog by_bytes = ReadByBytes(options, log);
    CHECK(by_bytes.rows == whole.rows && by_bytes.error == whole.error) << "byte by byte";
    const bool same = by_bytes == whole || !whole.error.empty();
    CHECK(same) << "byte by byte: " << by_bytes.bad << " bad lines";
  }
  ObjectiveSpec objective;
  objective.objective_metric_name = options.metrics.front();
  objective.type = "minimize";
  objective.metric_strategies = {{objective.objective_metric_name, "min"}};
  static_cast<void>(ObjectiveValue(objective, Summarize(objective, whole.rows).value()));
  CHECK(Curve(objective, whole.rows, 10).size() <= 10);
}

}  // namespace lockstep
