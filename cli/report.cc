// lockstep report: a program's metrics, from a shell script or Python as from C++: one line added
// to the file that its trial's collector reads. No operator is needed.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "cli/verb.h"
#include "launcher/unique_fd.h"
#include "operators/observe/metric_value.h"
#include "operators/observe/utf8_text.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

constexpr std::int64_t kStepMax = 999'999'999'999'999'999;  // what a reader of lines takes

struct ReportOptions {
  std::vector<std::string> metrics;
  std::optional<std::int64_t> step;
  std::string time;
};

// Why nobody could tell the name again; "" when they can.
std::string WhyNoName(const std::string& name) {
  if (name.empty()) return "the name is missing";
  if (name == "epoch" || name == "step") return "write --step, which is the step of the others";
  const auto splits = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '=' || c == '{';
  };
  if (std::ranges::any_of(name, splits) || ReplaceInvalidUtf8(name) != name) {
    return "a name has no white space, control characters, = or { in it";
  }
  return "";
}

// As it is written to the line; nullopt: no number.
std::optional<std::string> ValueOf(const std::string& typed) {
  if (ParseMetricValue(typed)) return typed;
  std::string lower = typed;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  });
  const std::string sign = lower.starts_with('-') ? "-" : "";
  if (lower.starts_with('-') || lower.starts_with('+')) lower.erase(0, 1);
  if (lower == "nan") return "nan";
  if (lower == "inf" || lower == "infinity") return sign + "inf";
  return std::nullopt;
}

Result<std::string> LineOf(const ReportOptions& options) {
  WallTime time = SystemClock().Now();
  if (!options.time.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(time, ParseTime(options.time));
  }
  std::string line = FormatTime(time);
  if (options.step) {
    if (*options.step < 0 || *options.step > kStepMax) {
      return InvalidArgument("--step " + std::to_string(*options.step) +
                             ": must be from 0 to 999999999999999999");
    }
    line += " epoch=" + std::to_string(*options.step);
  }
  for (const std::string& metric : options.metrics) {
    const std::size_t equals = metric.find('=');
    if (equals == metric.npos) {
      return InvalidArgument("--metric " + metric + ": write NAME=VALUE");
    }
    const std::string name = metric.substr(0, equals);
    if (const std::string why = WhyNoName(name); !why.empty()) {
      return InvalidArgument("--metric " + metric + ": " + why);
    }
    const std::optional<std::string> value = ValueOf(metric.substr(equals + 1));
    if (!value) {
      return InvalidArgument("--metric " + metric +
                             ": the value is no number: write one, or nan, inf or -inf");
    }
    line += " " + name + "=" + *value;
  }
  return line + "\n";
}

// One write, so that the lines of several processes do not mix.
Status AddLine(const std::string& path, const std::string& line) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return ErrnoStatus("open the metrics file " + path, errno);
  ssize_t written = -1;
  do {
    written = write(fd.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) return ErrnoStatus("write to the metrics file " + path, errno);
  if (static_cast<std::size_t>(written) < line.size()) {
    // What comes next must not continue the half of this one.
    static_cast<void>(!write(fd.get(), "\n", 1));
    return Unavailable("the metrics file " + path +
                       " took only a part of the line: is the disk full?");
  }
  if (fsync(fd.get()) != 0 && errno != EINVAL) return ErrnoStatus("sync " + path, errno);
  return OkStatus();
}

int Report(const ReportOptions& options) {
  const auto usage = [](const std::string& message) {
    std::fprintf(stderr, "lockstep: %s\n", message.c_str());
    return kExitUsage;
  };
  const Result<std::string> line = LineOf(options);
  if (!line.ok()) return usage(line.status().message());
  const char* const file = std::getenv("LOCKSTEP_METRICS_FILE");
  if (file == nullptr || *file == '\0') {
    return usage(std::getenv("LOCKSTEP_JOB_DIR") == nullptr
                     ? "report is for a program that a trial runs, and this is none: "
                       "LOCKSTEP_METRICS_FILE is not set"
                     : "nobody reads reports of this job: LOCKSTEP_METRICS_FILE is not set; it is "
                       "for trials of an Experiment with metricsCollectorSpec.collector.kind Push "
                       "(or Custom)");
  }
  const Status status = AddLine(file, *line);
  return status.ok() ? kExitSuccess : Fail(status);
}

}  // namespace

void AddReportVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* verb = app.add_subcommand(
      "report", "Report metrics, from a program of a trial whose collector is Push");
  // One value each, as it is: [1,2] would be taken for a list.
  verb->add_option("--metric", options->metrics, "NAME=VALUE; may be repeated")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--step", options->step, "The epoch or step that they belong to");
  verb->add_option("--time", options->time, "RFC 3339; default now");
  verb->callback([options, &context] { context.exit_code = Report(*options); });
}

}  // namespace lockstep
