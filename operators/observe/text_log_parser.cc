#include "operators/observe/text_log_parser.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "operators/observe/default_filter.h"
#include "operators/observe/name_finder.h"
#include "operators/observe/row_time.h"
#include "operators/observe/utf8_text.h"

namespace lockstep {
namespace {

// A filter and the text that each of its matches begins with, as far as that can be told.
struct Filter {
  std::unique_ptr<RE2> regex;  // null: the default filter
  std::string prefix = {};
};
using Filters = std::vector<Filter>;

// Every match lies between the two, so that what they have in common begins it; unless it looks at
// the character before, which RE2 takes for the text's begin here. ASCII alone: a character that
// ReplaceInvalidUtf8 has put there is not to be found in the line as it was printed.
std::string PrefixOf(const RE2& regex) {
  constexpr int kBytesMax = 64;
  std::string least;
  std::string most;
  const bool looks_back = regex.pattern().find("\\b") != std::string::npos ||
                          regex.pattern().find("\\B") != std::string::npos;
  if (!regex.ok() || looks_back || !regex.PossibleMatchRange(&least, &most, kBytesMax)) return "";
  const auto common = std::ranges::mismatch(least, most);
  least.erase(common.in1, least.end());
  const auto foreign = std::ranges::find_if(least, [](char c) { return (c & 0x80) != 0; });
  least.erase(foreign, least.end());
  return least;
}

// What a line must have to be worth a look: a metric's name; or, where each match begins with a
// text that is less common than a name may be, that text.
NameFinder MarksOf(const std::vector<std::string>& metrics, const Filters& filters) {
  constexpr std::size_t kPrefixBytesMin = 4;
  std::vector<std::string> prefixes;
  for (const Filter& filter : filters) {
    if (filter.prefix.size() >= kPrefixBytesMin) prefixes.push_back(filter.prefix);
  }
  return NameFinder(!filters.empty() && prefixes.size() == filters.size() ? prefixes : metrics);
}

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

// The rows of one line. What they have in common is looked for when there is one.
class LineRows {
 public:
  LineRows(const std::vector<std::string>& metrics, std::string_view line, const RowSink& use)
      : metrics_(metrics), line_(line), use_(use) {}

  void Add(std::string_view name, std::string_view value) {
    if (std::ranges::find(metrics_, name) == metrics_.end()) return;
    if (row_.time.empty()) {
      const std::string_view word = line_.substr(0, line_.find(' '));
      row_.time = word.size() < line_.size() && ParseRowTime(word) ? word : kNoTime;
      row_.step = ReportedStep(line_);
    }
    row_.name = name;
    row_.value = value;
    use_(row_);
  }

 private:
  const std::vector<std::string>& metrics_;
  const std::string_view line_;
  const RowSink& use_;
  ParsedRow row_;
};

class TextLogParser final : public LogParser {
 public:
  TextLogParser(LogParserOptions options, Filters filters)
      : LogParser(std::move(options)),
        filters_(std::move(filters)),
        any_regex_(std::ranges::any_of(filters_, [](auto& one) { return one.regex != nullptr; })),
        names_(options_.metrics),
        marks_(MarksOf(options_.metrics, filters_)) {}

 protected:
  // Most lines name no metric: they must cost next to nothing.
  NameFinder::Found FindMark(std::string_view text, std::size_t from,
                             std::uint64_t& line_feeds) const override {
    return marks_.Find(text, from, line_feeds);
  }

  Status ParseLine(std::string_view raw, const RowSink& use) const override {
    LineRows rows(options_.metrics, raw, use);
    std::string repaired;
    std::string_view line = raw;  // for filters that may look at more than ASCII
    if (any_regex_ && !IsValidUtf8(raw)) line = repaired = ReplaceInvalidUtf8(raw);
    for (const Filter& filter : filters_) {
      if (filter.regex == nullptr) {
        for (DefaultFilterMatches match(raw); match.Next();) rows.Add(match.name(), match.value());
        continue;
      }
      // Only compat_katib lets such filters come so far.
      if (!filter.regex->ok())
        return InvalidArgument("cannot be searched: " + WhyUseless(*filter.regex));
      if (filter.regex->NumberOfCapturingGroups() >= 2) ParseMatches(filter, line, rows);
    }
    return OkStatus();
  }

 private:
  // All matches as Go finds them: an empty one directly behind another does not count. Those that
  // begin behind the last name cannot be of a metric.
  void ParseMatches(const Filter& filter, std::string_view line, LineRows& rows) const {
    std::array<re2::StringPiece, 3> groups;
    std::size_t position = 0;
    std::size_t previous_end = std::string::npos;
    std::uint64_t line_feeds = 0;
    while (position <= line.size() &&
           names_.Find(line, position, line_feeds).begin != std::string_view::npos &&
           FirstMatch(filter, line, position, groups)) {
      const auto begin = static_cast<std::size_t>(groups[0].data() - line.data());
      const std::size_t end = begin + groups[0].size();
      if (begin != end || begin != previous_end) {
        rows.Add(TrimSpace({groups[1].data(), groups[1].size()}),
                 TrimSpace({groups[2].data(), groups[2].size()}));
      }
      previous_end = end;
      position = begin != end ? end : end + CharacterBytes(line, end);
    }
  }

  // At or behind `position`. Where a match may begin is found sooner by its prefix, and RE2 is
  // several times as fast when it need not look for that.
  static bool FirstMatch(const Filter& filter, std::string_view line, std::size_t position,
                         std::array<re2::StringPiece, 3>& groups) {
    const auto match = [&](std::size_t from, RE2::Anchor anchor) {
      return filter.regex->Match(line, from, line.size(), anchor, groups.data(),
                                 static_cast<int>(groups.size()));
    };
    if (filter.prefix.empty()) return match(position, RE2::UNANCHORED);
    const std::size_t at = line.find(filter.prefix, position);
    if (at == std::string::npos) return false;
    // One attempt: as many as there are prefixes could take quadratic time.
    return match(at, RE2::ANCHOR_START) || match(at + 1, RE2::UNANCHORED);
  }

  const Filters filters_;
  const bool any_regex_;
  const NameFinder names_;
  const NameFinder marks_;
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
    if (text == kDefaultMetricsFilter) {
      filters.push_back({.regex = nullptr});
      continue;
    }
    auto regex = std::make_unique<RE2>(text, quiet);
    const std::string why = WhyUseless(*regex);
    if (!why.empty() && !options.compat_katib) return InvalidArgument(why);
    std::string prefix = PrefixOf(*regex);
    filters.push_back({std::move(regex), std::move(prefix)});
  }
  std::unique_ptr<LogParser> parser =
      std::make_unique<TextLogParser>(std::move(options), std::move(filters));
  return parser;
}

}  // namespace lockstep
