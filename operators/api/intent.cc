#include "operators/api/intent.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "operators/api/did_you_mean.h"
#include "operators/api/experiment.h"
#include "operators/api/training_job.h"
#include "operators/api/trial.h"
#include "runtime/base/duration.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDomain = "lockstep.dev/";

// The value of an annotation; nullopt: it is not there.
std::optional<std::string> ValueOf(const ObjectMeta& meta, const char* annotation) {
  const auto found = meta.annotations.find(annotation);
  if (found == meta.annotations.end()) return std::nullopt;
  return found->second;
}

std::optional<milliseconds> DurationOf(const ObjectMeta& meta, const char* annotation) {
  const std::optional<std::string> text = ValueOf(meta, annotation);
  const Result<milliseconds> parsed = ParseIntentDuration(text.value_or(""));
  return parsed.ok() ? std::optional(*parsed) : std::nullopt;
}

std::string CheckTrue(const std::string& value) {
  if (value == "true" || value == "false") return "";
  return "\"" + value + R"(" says nothing: write "true", or leave the annotation out)";
}
// The operator writes "experiment" itself, and a user sends back what was read.
std::string CheckSuspend(const std::string& value) {
  return value == kSuspendedByExperiment ? "" : CheckTrue(value);
}
std::string CheckReason(const std::string& value) {
  return value.empty() ? "is empty: write why it is cancelled" : "";
}
std::string CheckDuration(const std::string& value) {
  const Result<milliseconds> parsed = ParseIntentDuration(value);
  return parsed.ok() ? "" : parsed.status().message();
}
std::string CheckCompat(const std::string& value) {
  return value == "katib" ? "" : "\"" + value + "\" is no mode: write katib, or leave it out";
}
std::string CheckNothing(const std::string&) { return ""; }

struct Row {
  std::string_view name;
  std::array<std::string_view, 3> kinds;
  std::string (*check)(const std::string& value);
};
constexpr Row kRows[] = {
    {kSuspendAnnotation, {Experiment::kKind, TrainingJob::kKind}, CheckSuspend},
    {kCancelAnnotation, {Experiment::kKind, Trial::kKind}, CheckReason},
    {kDeadlineAnnotation, {Experiment::kKind, Trial::kKind, TrainingJob::kKind}, CheckDuration},
    {kKeepRunningAnnotation, {Experiment::kKind}, CheckTrue},
    {kCompatAnnotation, {Experiment::kKind, Trial::kKind}, CheckCompat},
    {kJobTtlAnnotation, {Experiment::kKind, Trial::kKind, TrainingJob::kKind}, CheckDuration},
    {kRetainAnnotation, {TrainingJob::kKind}, CheckTrue},
    {kRemoveLogsAnnotation, {TrainingJob::kKind}, CheckNothing},
    {kStopAnnotation, {TrainingJob::kKind}, CheckNothing},
    {kEarlyStopAnnotation, {TrainingJob::kKind}, CheckNothing},
    {kDeletedTrialsAnnotation, {Experiment::kKind}, CheckNothing},
    {kWorkingDirAnnotation, {}, CheckNothing},
    {kPathAnnotation, {}, CheckNothing},
};

std::string CheckOne(std::string_view kind, const std::string& name, const std::string& value) {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) {
    names.push_back(row.name);
    if (row.name != name) continue;
    if (row.kinds[0].empty() || std::ranges::count(row.kinds, kind) > 0) return row.check(value);
    std::string where;
    for (const std::string_view known : row.kinds)
      if (!known.empty()) where += (where.empty() ? "" : ", ") + std::string(known);
    return "has no effect on a " + std::string(kind) + ": it is for " + where;
  }
  // Other names of the domain may be somebody's notes; one that is nearly right is a slip.
  const std::string meant = DidYouMean(name, names);
  return meant.empty() ? "" : "is not known" + meant;
}

}  // namespace

bool WantsSuspend(const ObjectMeta& meta) {
  const std::string value = ValueOf(meta, kSuspendAnnotation).value_or("");
  return value == "true" || value == kSuspendedByExperiment;
}
bool WantsStop(const ObjectMeta& meta) { return meta.annotations.contains(kStopAnnotation); }
bool WantsLogsRemoved(const ObjectMeta& meta) {
  return meta.annotations.contains(kRemoveLogsAnnotation);
}
bool WantsKeepRunning(const ObjectMeta& meta) {
  return ValueOf(meta, kKeepRunningAnnotation) == "true";
}
bool WantsKatib(const ObjectMeta& meta) { return ValueOf(meta, kCompatAnnotation) == "katib"; }
bool WantsRetain(const ObjectMeta& meta) { return ValueOf(meta, kRetainAnnotation) == "true"; }

std::optional<std::string> CancelReason(const ObjectMeta& meta) {
  std::optional<std::string> reason = ValueOf(meta, kCancelAnnotation);
  if (reason && reason->empty()) reason.reset();
  return reason;
}
std::optional<milliseconds> DeadlineOf(const ObjectMeta& meta) {
  return DurationOf(meta, kDeadlineAnnotation);
}
std::optional<milliseconds> JobTtlOf(const ObjectMeta& meta) {
  return DurationOf(meta, kJobTtlAnnotation);
}

Result<milliseconds> ParseIntentDuration(std::string_view text) {
  constexpr std::int64_t kSecondsMax = 3650LL * 86'400;
  const Status wrong =
      InvalidArgument("\"" + std::string(text) +
                      "\" is no duration: write 30s, 90m, 1h30m, 2d or a number of seconds, more "
                      "than zero and at most ten years (3650d)");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool plain = error == std::errc() && end == text.data() + text.size();
  if (plain && (seconds <= 0 || seconds > kSecondsMax)) return wrong;
  if (plain) return milliseconds(std::chrono::seconds(seconds));
  const Result<milliseconds> parsed = ParseDuration(text);
  return parsed.ok() && *parsed > milliseconds(0) ? parsed : wrong;
}

std::vector<IntentError> CheckIntent(std::string_view kind, const Labels& annotations) {
  std::vector<IntentError> errors;
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with(kDomain)) continue;
    if (std::string message = CheckOne(kind, name, value); !message.empty())
      errors.push_back({name, std::move(message)});
  }
  return errors;
}

}  // namespace lockstep
