#include "operators/observe/text_log_parser.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "operators/observe/row_time.h"
#include "operators/observe/utf8_text.h"

namespace lockstep {
namespace {

using Filters = std::vector<std::unique_ptr<RE2>>;

// The default filter stops at the / and . of a name such as val/acc; one that the user asks for by
// that name is still to be found.
std::string FilterOfName(const std::string& name) {
  return R"((?:^|[^\w|/.-])()" + RE2::QuoteMeta(name) +
         R"()\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?))";
}

std::vector<std::string> DefaultFilters(const std::vector<std::string>& metrics) {
  static const RE2 kPlainName(R"([\w|-]+)");
  std::vector<std::string> filters = {kDefaultMetricsFilter};
  for (const std::string& name : metrics) {
    if (!RE2::FullMatch(name, kPlainName)) filters.push_back(FilterOfName(name));
  }
  return filters;
}

// The reported step beside a metric; 0: none.
std::int64_t StepOf(re2::StringPiece line, const RE2& epoch, const RE2& step) {
  std::int64_t value = 0;
  if (RE2::PartialMatch(line, epoch, &value)) return value;
  if (RE2::PartialMatch(line, step, &value)) return value;
  return 0;
}

// Why `filter` can never give a row; "" when it can.
std::string WhyUseless(const RE2& filter) {
  if (!filter.ok()) {
    return "filter \"" + filter.pattern() +
           "\" is not a regular expression (RE2): " + filter.error();
  }
  if (filter.NumberOfCapturingGroups() < 2) {
    return "filter \"" + filter.pattern() +
           "\" needs two groups, the metric's name and its value, such as (\\w+)=([0-9.]+)";
  }
  return "";
}

class TextLogParser final : public LogParser {
 public:
  TextLogParser(LogParserOptions options, Filters filters)
      : LogParser(std::move(options)), filters_(std::move(filters)) {}

 protected:
  Status ParseLine(std::string_view raw, std::vector<MetricRow>& rows) const override {
    // Most lines name no metric: they must cost next to nothing.
    const auto in_line = [&](const std::string& name) {
      return raw.find(name) != std::string_view::npos;
    };
    if (std::ranges::none_of(options_.metrics, in_line)) return OkStatus();
    const std::string line = ReplaceInvalidUtf8(raw);
    const std::size_t first = rows.size();
    for (const std::unique_ptr<RE2>& filter : filters_) {
      // Only compat_katib lets such filters come so far.
      if (!filter->ok()) return InvalidArgument("cannot be searched: " + WhyUseless(*filter));
      if (filter->NumberOfCapturingGroups() >= 2) ParseMatches(*filter, line, rows);
    }
    if (rows.size() == first) return OkStatus();
    const std::size_t space = line.find(' ');
    const bool timed = space != std::string::npos && ParseRowTime({line.data(), space});
    const std::string time = timed ? line.substr(0, space) : kNoTime;
    const std::int64_t step = StepOf(line, epoch_, step_);
    for (std::size_t i = first; i < rows.size(); ++i) {
      rows[i].time = time;
      rows[i].step = step;
    }
    return OkStatus();
  }

 private:
  // All matches as Go finds them: an empty one directly behind another does not count.
  void ParseMatches(const RE2& filter, const std::string& line,
                    std::vector<MetricRow>& rows) const {
    std::array<re2::StringPiece, 3> groups;
    std::size_t position = 0;
    std::size_t previous_end = std::string::npos;
    while (position <= line.size() &&
           filter.Match(line, position, line.size(), RE2::UNANCHORED, groups.data(),
                        static_cast<int>(groups.size()))) {
      const auto begin = static_cast<std::size_t>(groups[0].data() - line.data());
      const std::size_t end = begin + groups[0].size();
      if (begin != end || begin != previous_end) AddRow(groups[1], groups[2], rows);
      previous_end = end;
      position = begin != end ? end : end + CharacterBytes(line, end);
    }
  }

  void AddRow(re2::StringPiece name_group, re2::StringPiece value_group,
              std::vector<MetricRow>& rows) const {
    const std::string_view name = TrimSpace({name_group.data(), name_group.size()});
    if (std::ranges::find(options_.metrics, name) == options_.metrics.end()) return;
    const std::string_view value = TrimSpace({value_group.data(), value_group.size()});
    rows.push_back({.name = std::string(name), .value = std::string(value), .time = {}, .step = 0});
  }

  const Filters filters_;
  const RE2 epoch_{R"(\bepoch\s*=\s*(\d{1,18})\b)"};
  const RE2 step_{R"(\bstep\s*=\s*(\d{1,18})\b)"};
};

}  // namespace

Result<std::unique_ptr<LogParser>> MakeTextLogParser(LogParserOptions options) {
  std::vector<std::string> texts = options.filters;
  if (texts.empty() && options.compat_katib) texts = {kDefaultMetricsFilter};
  if (texts.empty()) texts = DefaultFilters(options.metrics);
  RE2::Options quiet;
  quiet.set_log_errors(false);
  Filters filters;
  for (const std::string& text : texts) {
    filters.push_back(std::make_unique<RE2>(text, quiet));
    const std::string why = WhyUseless(*filters.back());
    if (!why.empty() && !options.compat_katib) return InvalidArgument(why);
  }
  std::unique_ptr<LogParser> parser =
      std::make_unique<TextLogParser>(std::move(options), std::move(filters));
  return parser;
}

}  // namespace lockstep
