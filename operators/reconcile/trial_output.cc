#include "operators/reconcile/trial_output.h"

#include <algorithm>

#include "operators/observe/utf8_text.h"
#include "operators/reconcile/source_reader.h"

namespace lockstep {
namespace {

constexpr std::size_t kLastBytes = 16u << 10;  // of a log, in which its last lines are looked for
constexpr int kLastLines = 20;

std::vector<MetricSource> SourcesOf(const Trial& trial, const TrainingJob& job) {
  if (!trial.spec.objective) return {};
  return MetricSources(trial.spec.metrics_collector.value_or(MetricsCollectorSpec{}),
                       *trial.spec.objective, job.spec);
}

JobId IdOf(const TrainingJob& job) {
  return {job.meta.namespace_, job.meta.name, job.meta.uid, job.status.generation};
}

std::string BadText(const BadLines& bad, const std::string& told, const std::string& unit) {
  if (bad.count == 0) return "";
  const std::string first = unit + " " + std::to_string(bad.first_line);
  if (bad.count == 1) return "; of " + told + " " + first + " " + bad.first_reason;
  return "; of " + told + " " + std::to_string(bad.count) + " " + unit + "s are bad, the first, " +
         first + ", " + bad.first_reason;
}

Result<std::string> BadText(const Trial& trial, const std::string& mark, const std::string& told,
                            const std::string& unit, const ObservationStore& observations) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, observations.Mark(trial.meta.uid, mark));
  LOCKSTEP_ASSIGN_OR_RETURN(const ReadPosition position, ParseReadPosition(text));
  return BadText(position.bad, told, unit);
}

// What there is of a source, to follow "Metrics are not available: ".
Result<std::string> StateOf(const MetricSource& source, const std::string& metric, const JobId& id,
                            JobBackend& backend) {
  if (source.format == SourceFormat::kEvents) {
    LOCKSTEP_ASSIGN_OR_RETURN(const auto files, backend.ListFiles(id, source.file));
    const auto count =
        std::ranges::count_if(files, [](const ListedFile& file) { return IsEventFile(file.name); });
    if (count == 0) return source.told + ": there are none";
    return source.told + " (" + std::to_string(count) + ") have no number for " + metric;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const FilePiece piece, backend.ReadFile(id, source.file, 0, 0));
  if (!piece.why_not.empty()) return source.told + " " + piece.why_not;
  if (piece.identity.empty()) return source.told + ": there is none";
  if (piece.size == 0) return source.told + ": nothing";
  return source.told + " (" + std::to_string(piece.size) + " bytes) has no number for " + metric;
}

Result<std::string> LastLines(const std::string& log, const JobId& id, JobBackend& backend) {
  LOCKSTEP_ASSIGN_OR_RETURN(FilePiece piece, backend.ReadFile(id, log, 0, 0));
  const std::uint64_t from = piece.size > kLastBytes ? piece.size - kLastBytes : 0;
  LOCKSTEP_ASSIGN_OR_RETURN(piece, backend.ReadFile(id, log, from, kLastBytes));
  std::string_view text = piece.bytes;
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return std::string();
  std::size_t begin = text.size();
  for (int lines = 0; lines < kLastLines && begin > 0; ++lines) {
    const std::size_t feed = text.rfind('\n', begin - 1);
    begin = feed == text.npos ? 0 : feed;
  }
  if (begin > 0) text.remove_prefix(begin + 1);
  std::string indented = "\n  ";
  for (const char c : ReplaceInvalidUtf8(text)) {
    if (c == '\n') {
      indented += "\n  ";
    } else {
      indented += c == '\0' ? ' ' : c;
    }
  }
  return indented;
}

}  // namespace

Result<NewOutput> ReadTrialOutput(const Trial& trial, const TrainingJob& job, bool job_ended,
                                  JobBackend& backend, ObservationStore& observations) {
  SourceReader reader(trial, job, job_ended, backend, observations);
  for (const MetricSource& source : SourcesOf(trial, job)) {
    LOCKSTEP_RETURN_IF_ERROR(reader.Read(source));
  }
  return NewOutput{reader.rows(), reader.more()};
}

Result<std::string> BadOutput(const Trial& trial, const TrainingJob& job, JobBackend& backend,
                              const ObservationStore& observations) {
  std::string text;
  for (const MetricSource& source : SourcesOf(trial, job)) {
    if (source.format != SourceFormat::kEvents) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::string bad,
                                BadText(trial, source.name, source.told, "line", observations));
      text += bad;
      continue;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(const auto files, backend.ListFiles(IdOf(job), source.file));
    for (const ListedFile& file : files) {
      if (!IsEventFile(file.name)) continue;
      const std::string told = "the event file " + file.name.substr(file.name.rfind('/') + 1);
      LOCKSTEP_ASSIGN_OR_RETURN(
          const std::string bad,
          BadText(trial, EventFileMark(source, file.name), told, "record", observations));
      text += bad;
    }
  }
  return text;
}

Result<std::string> WhyNoMetrics(const Trial& trial, const TrainingJob& job, JobBackend& backend) {
  const std::string& metric = trial.spec.objective->objective_metric_name;
  std::string text;
  std::string hint;
  for (const MetricSource& source : SourcesOf(trial, job)) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string state, StateOf(source, metric, IdOf(job), backend));
    text += (text.empty() ? "" : "; ") + state;
    hint += (hint.empty() ? "" : ", or ") + source.hint;
  }
  text += "; " + hint;
  if (job.spec.metrics_collector && job.spec.metrics_collector->sidecar) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string lines,
                              LastLines(std::string(kCollectorName) + ".log", IdOf(job), backend));
    if (!lines.empty()) text += "; last lines of the collector:" + lines;
  }
  const int rank = PrimaryRankOf(job.spec);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string lines,
                            LastLines(RankLogName(rank), IdOf(job), backend));
  const std::string who = "rank " + std::to_string(rank);
  return text +
         (lines.empty() ? "; " + who + " printed nothing" : "; last lines of " + who + ":" + lines);
}

}  // namespace lockstep
