#include "operators/observe/prometheus_text.h"

#include <algorithm>

namespace lockstep {
namespace {

using Labels = std::map<std::string, std::string>;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

void SkipSpace(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::string TakeName(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, IsNameCharacter);
  std::string name(text.begin(), end);
  text.remove_prefix(name.size());
  return name;
}

// A text in quotes, with \\, \" and \n.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      value += text[i] == 'n' ? '\n' : text[i];
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

// From { to }.
std::optional<Labels> TakeLabels(std::string_view& text) {
  Labels labels;
  text.remove_prefix(1);
  for (;;) {
    SkipSpace(text);
    if (text.starts_with('}')) break;
    const std::string name = TakeName(text);
    SkipSpace(text);
    if (name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    SkipSpace(text);
    std::optional<std::string> value = TakeQuoted(text);
    if (!value) return std::nullopt;
    labels[name] = *std::move(value);
    SkipSpace(text);
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    } else if (!text.starts_with('}')) {
      return std::nullopt;
    }
  }
  text.remove_prefix(1);
  return labels;
}

// The value of the sample that `line` is, when it is one of `series`.
std::optional<std::string> SampleOf(std::string_view line, const PrometheusSeries& series) {
  SkipSpace(line);
  if (TakeName(line) != series.name) return std::nullopt;
  SkipSpace(line);
  Labels labels;
  if (line.starts_with('{')) {
    std::optional<Labels> taken = TakeLabels(line);
    if (!taken) return std::nullopt;
    labels = *std::move(taken);
  }
  if (series.labels && labels != *series.labels) return std::nullopt;
  SkipSpace(line);
  const std::string_view value = line.substr(0, line.find_first_of(" \t\r"));
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

}  // namespace

std::optional<PrometheusSeries> ParsePrometheusSeries(std::string_view text) {
  PrometheusSeries series;
  series.name = TakeName(text);
  if (series.name.empty()) return std::nullopt;
  if (text.starts_with('{')) {
    series.labels = TakeLabels(text);
    if (!series.labels) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return series;
}

std::optional<std::string> LastPrometheusSample(std::string_view page,
                                                const PrometheusSeries& series) {
  std::optional<std::string> last;
  while (!page.empty()) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    if (auto value = SampleOf(page.substr(0, end), series)) last = *std::move(value);
    page.remove_prefix(std::min(end + 1, page.size()));
  }
  return last;
}

}  // namespace lockstep
