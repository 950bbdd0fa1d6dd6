#include "operators/observe/json_log_parser.h"

#include <charconv>
#include <cmath>

#include "operators/observe/epoch_seconds.h"
#include "operators/observe/json_object_line.h"
#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

using Kind = JsonField::Kind;

constexpr char kTimeKey[] = "timestamp";
constexpr char kEpochKey[] = "epoch";
constexpr char kStepKey[] = "step";
constexpr std::int64_t kStepMax = 999'999'999'999'999'999;  // as in text: 18 digits

std::string TimeOf(const JsonField& field, bool compat_katib) {
  if (field.kind == Kind::kText && ParseRowTime(field.text)) return field.text;
  if (field.kind != Kind::kNumber) return kNoTime;
  const std::optional<RowTime> time =
      compat_katib ? KatibTimeOfEpochSeconds(field.number) : TimeOfEpochSeconds(field.number);
  return time ? FormatRowTime(*time) : kNoTime;
}

// 0: none.
std::int64_t StepOf(const JsonField& field) {
  if (field.kind == Kind::kNumber) {
    const bool whole = std::trunc(field.number) == field.number && field.number >= 0 &&
                       field.number <= static_cast<double>(kStepMax);
    return whole ? static_cast<std::int64_t>(field.number) : 0;
  }
  if (field.kind != Kind::kText) return 0;
  std::int64_t step = 0;
  const char* const end = field.text.data() + field.text.size();
  const auto read = std::from_chars(field.text.data(), end, step);
  return read.ec == std::errc() && read.ptr == end && step >= 0 && step <= kStepMax ? step : 0;
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r\v\f") == line.npos; }

class JsonLogParser final : public LogParser {
 public:
  explicit JsonLogParser(LogParserOptions options) : LogParser(std::move(options)) {
    for (const std::string& name : options_.metrics) keys_[name];
    for (const char* key : {kTimeKey, kEpochKey, kStepKey}) keys_[key];
  }

 protected:
  Status ParseLine(std::string_view line, const RowSink& use) const override {
    if (line.empty() || (!options_.compat_katib && IsBlank(line))) return OkStatus();
    JsonFields fields = keys_;
    LOCKSTEP_RETURN_IF_ERROR(ReadJsonObjectLine(line, !options_.compat_katib, fields));
    const std::string time = TimeOf(fields[kTimeKey], options_.compat_katib);
    const std::int64_t epoch = StepOf(fields[kEpochKey]);
    const std::int64_t step = epoch != 0 ? epoch : StepOf(fields[kStepKey]);
    std::string no_value;
    for (const std::string& name : options_.metrics) {
      const JsonField& field = fields[name];
      const bool number = field.kind == Kind::kNumber && !options_.compat_katib;
      if (field.kind == Kind::kText || number) {
        use({.name = name, .value = field.text, .time = time, .step = step});
      } else if (field.kind == Kind::kOther && no_value.empty()) {
        no_value = name;
      }
    }
    // Katib passes over such a value in silence.
    if (no_value.empty() || options_.compat_katib) return OkStatus();
    return InvalidArgument("has no number or text as \"" + no_value + "\"");
  }

 private:
  JsonFields keys_;  // to read, without values
};

}  // namespace

std::unique_ptr<LogParser> MakeJsonLogParser(LogParserOptions options) {
  return std::make_unique<JsonLogParser>(std::move(options));
}

}  // namespace lockstep
