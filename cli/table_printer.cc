#include "cli/table_printer.h"

#include <algorithm>

#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !IsContinuation(c); }));
}

}  // namespace

std::string FormatTable(const Table& table) {
  if (table.rows.empty()) return "";
  const auto shown = [](const std::string& cell) { return cell.empty() ? std::string("-") : cell; };
  std::vector<std::size_t> widths;
  widths.reserve(table.header.size());
  for (const std::string& cell : table.header) widths.push_back(Width(cell));
  for (const auto& row : table.rows) {
    CHECK(row.size() == table.header.size()) << row.size() << " cells";
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(shown(row[i])));
    }
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = shown(row[i]);
      text += cell;
      if (i + 1 < row.size()) text.append(widths[i] + 3 - Width(cell), ' ');
    }
    text += '\n';
  };
  add(table.header);
  for (const auto& row : table.rows) add(row);
  return text;
}

std::string FormatCsv(const Table& table) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char c : row[i]) text.append(c == '"' ? 2 : 1, c);
      text += '"';
    }
    text += "\r\n";
  };
  add(table.header);
  for (const auto& row : table.rows) add(row);
  return text;
}

std::string WithoutHeader(std::string text) {
  text.erase(0, text.find('\n') + 1);
  return text;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string FormatDuration(std::chrono::seconds duration) {
  const auto total = std::max<long>(duration.count(), 0);
  const auto pair = [](long big, const char* unit, long small, const char* small_unit) {
    return std::to_string(big) + unit + (small > 0 ? std::to_string(small) + small_unit : "");
  };
  if (total < 60) return std::to_string(total) + "s";
  if (total < 3600) return pair(total / 60, "m", total % 60, "s");
  if (total < 86400) return pair(total / 3600, "h", total % 3600 / 60, "m");
  return pair(total / 86400, "d", total % 86400 / 3600, "h");
}

std::string FormatSpan(std::string_view begin, std::string_view end, WallTime now) {
  const Result<WallTime> from = ParseTime(begin);
  if (!from.ok()) return "";
  const Result<WallTime> to = end.empty() ? Result<WallTime>(now) : ParseTime(end);
  if (!to.ok()) return "";
  return FormatDuration(std::chrono::duration_cast<std::chrono::seconds>(*to - *from));
}

}  // namespace lockstep
